import * as catalogue from 'shared-domain/catalogue.ts'
import { run } from 'shared-service/program.ts'
import { start } from './app.ts'
import { configFrom, shown } from './config.ts'

run({ service: 'query-service', settings: () => configFrom(process.env), shown, start: (config) => start(config, catalogue) })
