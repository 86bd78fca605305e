import { deciders, outlets, readModels, settings } from 'shared-domain/catalogue.ts'
import { run } from 'shared-service/program.ts'
import { start } from './app.ts'
import { configFrom, shown } from './config.ts'

run({ service: 'projection-service', settings: () => configFrom(process.env), shown, start: (config) => start(config, { deciders, readModels, outlets, settings }) })
