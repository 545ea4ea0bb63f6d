// The entities of tests/src/entities_ids.rs and tests/src/entities_shop.rs, as somebody who uses Remult declares them.
import { Allow, BackendMethod, Entity, Fields, Relations } from 'remult'

@Entity<Line>('order-lines', { allowApiCrud: true, id: { orderId: true, product: true } })
export class Line {
  @Fields.integer()
  orderId = 0
  @Fields.string()
  product = ''
  @Fields.integer()
  amount = 0
  @Fields.string({ allowNull: true })
  note: string | null = null
  @Fields.integer({ allowApiUpdate: false })
  version = 0
  @Relations.toMany<Line, Remark>(() => Remark, { fields: { orderId: 'orderId', product: 'product' } })
  remarks?: Remark[]

  @BackendMethod({ allowed: true })
  async oneMore(): Promise<string> {
    throw new Error('runs on the server')
  }
  @BackendMethod({ allowed: true })
  async exchange(product: string): Promise<void> {
    throw new Error(`runs on the server: ${product}`)
  }
}

@Entity<Remark>('remarks', { allowApiCrud: true, defaultOrderBy: { text: 'asc' } })
export class Remark {
  @Fields.id()
  id = ''
  @Fields.integer()
  orderId = 0
  @Fields.string()
  product = ''
  @Fields.string()
  text = ''
  @Relations.toOne<Remark, Line>(() => Line, { fields: { orderId: 'orderId', product: 'product' } })
  line?: Line
}

@Entity<Sticker>('stickers', { allowApiCrud: true })
export class Sticker {
  @Fields.string()
  id = ''
  @Fields.string()
  text = ''
}

@Entity<Counter>('counters', { allowApiCrud: true })
export class Counter {
  @Fields.integer()
  id = 0
  @Fields.integer()
  count = 0
  @Fields.string()
  name = ''
}

@Entity<Buyer>('buyers', { allowApiCrud: Allow.authenticated, defaultOrderBy: { name: 'asc' } })
export class Buyer {
  @Fields.string()
  id = ''
  @Fields.string()
  name = ''
  @Fields.boolean()
  vip = false
  @Relations.toMany(() => Deal, 'buyerId')
  deals?: Deal[]
}

@Entity<Deal>('deals', { allowApiCrud: Allow.authenticated, defaultOrderBy: { number: 'asc' }, id: { number: true } })
export class Deal {
  @Fields.integer()
  number = 0
  @Fields.string({ allowNull: true })
  buyerId: string | null = null
  @Fields.string()
  what = ''
  @Fields.integer()
  price = 0
  @Relations.toOne<Deal, Buyer>(() => Buyer, 'buyerId')
  buyer?: Buyer | null
}
