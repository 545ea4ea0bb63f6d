// Ids of several fields, ids of odd texts, and what Remult's client includes: a line of JSON for each step.
import { getEntityRef, remult, repo, RestDataProvider } from 'remult'
import { Buyer, Counter, Deal, Line, Remark, Sticker } from './shop.js'

declare const process: { argv: string[] }
const [api, ann] = process.argv.slice(2)

let asked: string[] = []
remult.apiClient.url = api
remult.apiClient.httpClient = (url: RequestInfo | URL, init?: RequestInit) => {
  asked.push(`${init?.method ?? 'GET'} ${decodeURIComponent(String(url)).slice(api.length)}`)
  return fetch(url, { ...init, headers: { ...init?.headers, authorization: ann } })
}
remult.dataProvider = new RestDataProvider(() => remult.apiClient)
remult.user = { id: 'ann' }

async function step(name: string, work: () => Promise<unknown>) {
  asked = []
  try {
    console.log(JSON.stringify({ step: name, value: (await work()) ?? null, asked }))
  } catch (error: any) {
    const { message, modelState, httpStatusCode, status, code } = error
    console.log(JSON.stringify({ step: name, error: { message, modelState, status: httpStatusCode ?? status, code }, asked }))
  }
}

const lines = repo(Line)
const shown = (line: Line | null | undefined) => line && [line.orderId, line.product, line.amount]
const all = async () => (await lines.find()).map(shown)

await step('compound: insert', async () => {
  const made = await lines.insert({ orderId: 7, product: 'tea', amount: 1 })
  return [...shown(made)!, made.version, getEntityRef(made).getId(), getEntityRef(made).isNew()]
})
await step('compound: insert several', async () =>
  (await lines.insert([
    { orderId: 8, product: 'tea', amount: 2 }, { orderId: 7, product: 'milk', amount: 3 }, { orderId: 0, product: 'tea', amount: 4 },
  ])).map(shown))
await step('compound: insert what is there', async () => lines.insert({ orderId: 7, product: 'tea' }))
await step('compound: insert with a comma', async () => lines.insert({ orderId: 7, product: 'a,b' }))
await step('compound: insert with an empty part', async () => lines.insert({ orderId: 7, product: '' }))
await step('compound: insert with a null part', async () => lines.insert({ orderId: null as any, product: 'x' }))
await step('compound: find', all)
await step('compound: by id', async () => shown(await lines.findId('7,tea' as any)))
await step('compound: by an id with 0', async () => shown(await lines.findId('0,tea' as any)))
await step('compound: by an id that is not there', async () => lines.findId('9,tea' as any))
await step('compound: update', async () => shown(await lines.update('7,tea' as any, { amount: 10 })))
await step('compound: update an id with 0', async () => shown(await lines.update('0,tea' as any, { amount: 40 })))
await step('compound: update by its fields', async () =>
  shown(await lines.update({ orderId: 8, product: 'tea' } as any, { amount: 20 })))
await step('compound: update what is not there', async () => lines.update('8,milk' as any, { amount: 20 }))
await step('compound: save', async () => {
  const line = (await lines.findId('7,milk' as any))!
  line.amount = 30
  const saved = await lines.save(line)
  return [...shown(saved)!, saved.version]
})
await step('compound: save with another id', async () => {
  const line = (await lines.findId('7,milk' as any))!
  Object.assign(line, { product: 'cream', amount: 31 })
  return shown(await lines.save(line))
})
await step('compound: method', async () => {
  const line = (await lines.findId('7,tea' as any))!
  line.note = 'unsaved'
  const result = await line.oneMore()
  return [result, ...shown(line)!, (await lines.findId('7,tea' as any))!.note]
})
await step('compound: method that changes the id', async () => {
  const line = (await lines.findId('8,tea' as any))!
  await line.exchange('jam')
  return [shown(line), shown(await lines.findId('8,jam' as any)), await lines.findId('8,tea' as any)]
})
await step('compound: method of a new one', async () => {
  const line = lines.create({ orderId: 9, product: 'new', amount: 1 })
  return [await line.oneMore(), getEntityRef(line).isNew()]
})
await step('compound: upsert', async () => {
  const upserted = await lines.upsert([
    { where: { orderId: 7, product: 'tea' }, set: { amount: 70 } }, { where: { orderId: 10, product: 'ink' }, set: { amount: 1 } },
  ])
  return upserted.map(shown)
})
await step('compound: update many', async () =>
  lines.updateMany({ where: { $or: [{ orderId: 7, product: 'tea' }, { orderId: 10, product: 'ink' }] }, set: { amount: 5 } }))
await step('compound: delete', async () => {
  await lines.delete('10,ink' as any)
  await lines.delete((await lines.findId('9,new' as any))!)
  return all()
})
await step('compound: delete what is not there', async () => lines.delete('10,ink' as any))
await step('compound: sorted', async () => (await lines.find({ orderBy: { product: 'desc' }, limit: 2, page: 2 })).map(shown))
await step('compound: group', async () => lines.groupBy({ group: ['orderId'], sum: ['amount'] }))

const odd = ['a/b', '50%', '%2C', 'ä ö', '日本', '?a=b&c', '#', 'a+b', `"'`, '..a', ' x ']
await step('odd ids of several fields', async () => {
  const wrong = []
  for (const product of odd) {
    const id = `1,${product}` as any
    await lines.insert({ orderId: 1, product, amount: 1 })
    await lines.update(id, { amount: 2 })
    const found = await lines.findId(id)
    if (found?.product != product || found.amount != 2) wrong.push(product)
    if ((await found!.oneMore()) != id) wrong.push(product)
    await lines.delete(id)
    if (await lines.findId(id)) wrong.push(product)
  }
  return wrong
})
await step('odd ids', async () => {
  const wrong = []
  for (const id of [...odd, 'a,b', ',']) {
    await repo(Sticker).insert({ id, text: id })
    await repo(Sticker).update(id, { text: 'new' })
    const found = await repo(Sticker).findId(id)
    if (found?.id != id || found.text != 'new') wrong.push(id)
    await repo(Sticker).delete(id)
    if (await repo(Sticker).findId(id)) wrong.push(id)
  }
  return wrong
})
await step('an empty id: insert', async () => (await repo(Sticker).insert({ id: '', text: 'made' })).id.length)
await step('an empty id: find', async () => repo(Sticker).findId(''))
await step('an empty id: update', async () => repo(Sticker).update('', { text: 'x' }))
await step('an empty id: delete', async () => {
  await repo(Sticker).delete('')
  return repo(Sticker).count()
})
await step('id 0: insert', async () => repo(Counter).insert({ id: 0, count: 1 }))
await step('id 0: find', async () => repo(Counter).findId(0))
await step('id 0: update', async () => repo(Counter).update(0, { count: 1 }))
await step('a null id', async () => repo(Sticker).findId(null as any))

const [buyers, deals] = [repo(Buyer), repo(Deal)]
await buyers.insert([{ id: 'a/b', name: 'Ada', vip: true }, { id: 'b,b', name: 'Bob' }, { id: 'ç', name: 'Cem' }])
await deals.insert([
  { number: 1, buyerId: 'a/b', what: 'pen', price: 3 }, { number: 2, buyerId: 'b,b', what: 'ink', price: 5 },
  { number: 3, buyerId: 'a/b', what: 'pad', price: 8 }, { number: 4, buyerId: null, what: 'lost', price: 1 },
  { number: 5, buyerId: 'gone', what: 'left', price: 1 }, { number: 6, buyerId: 'a/b', what: 'cap', price: 2 },
])
const whats = (list?: Deal[]) => list?.map((deal) => deal.what)
await step('include: to one', async () =>
  (await deals.find({ include: { buyer: true } })).map((deal) => [deal.what, deal.buyer?.name ?? null]))
await step('include: to many', async () =>
  (await buyers.find({ include: { deals: true } })).map((buyer) => [buyer.name, whats(buyer.deals)]))
await step('include: filtered, sorted and limited', async () =>
  (await buyers.find({ include: { deals: { where: { price: { $gt: 2 } }, orderBy: { price: 'desc' }, limit: 1 } } }))
    .map((buyer) => [buyer.name, whats(buyer.deals)]))
await step('include: nested', async () =>
  (await buyers.find({ where: { vip: true }, include: { deals: { include: { buyer: { include: { deals: true } } } } } }))
    .map((buyer) => buyer.deals!.map((deal) => whats(deal.buyer!.deals)!.length)))
await step('include: by id', async () => {
  const deal = await deals.findId(2, { include: { buyer: true } })
  return [deal!.what, deal!.buyer!.name]
})
await step('include: a relation by itself', async () => {
  const ada = (await buyers.findFirst({ name: 'Ada' }))!
  const own = buyers.relations(ada).deals
  return [await own.count(), whats(await own.find({ where: { price: 8 } })), (await own.insert({ number: 7, what: 'cup' })).buyerId]
})
await step('include: many', async () => {
  await buyers.insert([...Array(300).keys()].map((n) => ({ id: `buyer ${n}`, name: `Buyer ${n}` })))
  await deals.insert([...Array(300).keys()].map((n) => ({ number: 1000 + n, buyerId: `buyer ${n}`, what: `${n}` })))
  asked = []
  const found = await deals.find({ where: { number: { $gte: 1000 } }, include: { buyer: true } })
  return found.length == 300 && found.every((deal) => deal.buyer?.name == `Buyer ${deal.what}`)
})
await repo(Remark).insert([
  { orderId: 7, product: 'tea', text: 'hot' }, { orderId: 7, product: 'tea', text: 'black' }, { orderId: 8, product: 'jam', text: 'sweet' },
])
await step('include: to one by several fields', async () =>
  (await repo(Remark).find({ include: { line: true } })).map((remark) => [remark.text, ...shown(remark.line)!]))
await step('include: to many by several fields', async () =>
  (await lines.find({ include: { remarks: true } })).map((line) => [line.orderId, line.product, line.remarks!.map((remark) => remark.text)]))
await step('include: a key that is not there', async () => repo(Remark).insert({ orderId: 7, product: 'nothing', text: 'x' }))
await step('select', async () => {
  const found = await deals.find({ where: { number: { $lt: 3 } }, select: { number: true, what: true } } as any)
  return found.map((deal) => ({ ...deal }))
})
