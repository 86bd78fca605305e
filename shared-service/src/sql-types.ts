import pg from 'pg'
import { fromSql } from 'shared-domain/kernel/time.ts'

const oid = { date: 1082, timestamp_with_zone: 1184 }

/** How rows are read: times as the domain writes them, days as they are. */
export const sqlTypes: pg.CustomTypesConfig = {
  getTypeParser: (type: number, format?: 'text' | 'binary') => {
    if (type === oid.timestamp_with_zone) return fromSql
    if (type === oid.date) return (text: string) => text
    return pg.types.getTypeParser(type, format as 'text')
  },
}
