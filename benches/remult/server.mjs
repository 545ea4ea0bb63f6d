// The items entity as Remult's documentation writes it, on Hono with better-sqlite3.
//   node server.mjs --db PATH --port N       prints `ready` once it listens.
import { parseArgs } from 'node:util'
import { serve } from '@hono/node-server'
import Database from 'better-sqlite3'
import { Hono } from 'hono'
import { BackendMethod, describeEntity, Fields, repo, SqlDatabase } from 'remult'
import { BetterSqlite3DataProvider } from 'remult/remult-better-sqlite3'
import { remultApi } from 'remult/remult-hono'

const { values: flags } = parseArgs({
  options: { db: { type: 'string' }, port: { type: 'string' } },
})
if (!flags.db || !flags.port) {
  console.error('usage: node server.mjs --db PATH --port N')
  process.exit(2)
}

class Item {
  async toggle() {
    this.completed = !this.completed
    await repo(Item).save(this)
  }
}
// What the decorators do in TypeScript.
describeEntity(
  Item,
  'items',
  {
    id: Fields.uuid(),
    title: Fields.string(),
    completed: Fields.boolean(),
    priority: Fields.integer(),
    createdAt: Fields.createdAt({ dbName: 'created_at' }),
    toggle: BackendMethod({ allowed: true }),
  },
  { allowApiCrud: true },
)

const db = new Database(flags.db)
// The same settings on all sides of the benchmark.
db.pragma('journal_mode = WAL')
db.pragma('synchronous = NORMAL')
db.pragma('foreign_keys = ON')

const dataProvider = new SqlDatabase(new BetterSqlite3DataProvider(db))
const api = remultApi({ entities: [Item], dataProvider, admin: false, initApi: listen })
const app = new Hono()
app.route('', api)

// Once the schema is made.
function listen() {
  serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(flags.port) }, () =>
    console.log('ready'),
  )
}
