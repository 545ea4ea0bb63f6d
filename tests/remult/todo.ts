// The entity of tests/src/todo.rs, as somebody who uses Remult declares it. The methods' bodies run on the server, in Rust.
import { Allow, BackendMethod, Entity, Fields, Filter } from 'remult'

@Entity<Todo>('todos', { allowApiCrud: Allow.authenticated, defaultOrderBy: { title: 'asc' } })
export class Todo {
  @Fields.id()
  id = ''
  @Fields.string()
  title = ''
  @Fields.boolean()
  completed = false
  @Fields.literal(() => ['low', 'normal', 'high'] as const)
  priority: 'low' | 'normal' | 'high' = 'normal'
  @Fields.dateOnly({ allowNull: true })
  due: Date | null = null
  @Fields.date({ allowNull: true })
  remindAt: Date | null = null
  @Fields.number({ allowNull: true })
  estimate: number | null = null
  @Fields.string()
  owner = ''
  @Fields.integer({ allowApiUpdate: false })
  rank = 0
  @Fields.createdAt()
  createdAt?: Date
  @Fields.integer({ allowApiUpdate: false })
  version = 0

  // What they answer the server decides.
  static titled = Filter.createCustom<Todo, string>(() => ({}))
  static titledOneOf = Filter.createCustom<Todo, string[]>(() => ({}))
  static estimated = Filter.createCustom<Todo, { from: number; to?: number }>(() => ({}))
  static own = Filter.createCustom<Todo>(() => ({}))

  @BackendMethod({ allowed: true })
  async toggleCompleted(): Promise<boolean> {
    throw new Error('runs on the server')
  }
  @BackendMethod({ allowed: true })
  async rename(title: string, suffix?: string): Promise<void> {
    throw new Error(`runs on the server: ${title}${suffix}`)
  }
  @BackendMethod({ allowed: true, apiPrefix: 'todos' })
  static async add(a: number, b?: number): Promise<number> {
    throw new Error(`runs on the server: ${a} ${b}`)
  }
  @BackendMethod({ allowed: true, apiPrefix: 'todos' })
  static async completeAll(): Promise<number> {
    throw new Error('runs on the server')
  }
}

// The same entity, declared wrongly: the client lets through what the server does not take.
@Entity<Loose>('todos', { allowApiCrud: true })
export class Loose {
  @Fields.id()
  id = ''
  @Fields.string()
  title = ''
  @Fields.string()
  priority?: string
  @Fields.string()
  unicorn?: string
}

// An entity that the server does not have.
@Entity<Unicorn>('unicorns', { allowApiCrud: true })
export class Unicorn {
  @Fields.id()
  id = ''
}
