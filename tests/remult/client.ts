// Does with Remult's client what an application does, and writes down what came of it: a line of JSON for each step.
import { getEntityRef, remult, repo, RestDataProvider } from 'remult'
import { Loose, Todo, Unicorn } from './todo.js'

declare const process: { argv: string[]; exit(code: number): void }
const [api, ann, bob, admin] = process.argv.slice(2)

/** Everything that follows is asked by somebody, or nobody. */
function by(bearer?: string, more: Record<string, string> = {}) {
  remult.apiClient.url = api
  remult.apiClient.httpClient = (url: RequestInfo | URL, init?: RequestInit) =>
    fetch(url, { ...init, headers: { ...init?.headers, ...(bearer ? { authorization: bearer } : {}), ...more } })
  remult.dataProvider = new RestDataProvider(() => remult.apiClient)
}

async function step(name: string, work: () => Promise<unknown>) {
  try {
    console.log(JSON.stringify({ step: name, value: (await work()) ?? null }))
  } catch (error: any) {
    const { message, modelState, httpStatusCode, status, code } = error
    console.log(JSON.stringify({ step: name, error: { message, modelState, status: httpStatusCode ?? status, code } }))
  }
}

const todos = repo(Todo)
const titles = (list: Todo[]) => list.map((todo) => todo.title)
const day = (date: Date | null | undefined) => date && `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`
const shown = (todo: Todo) => ({
  title: todo.title, completed: todo.completed, priority: todo.priority, due: day(todo.due), remindAt: todo.remindAt,
  estimate: todo.estimate, owner: todo.owner, rank: todo.rank, version: todo.version,
  isNew: getEntityRef(todo).isNew(), wasChanged: getEntityRef(todo).wasChanged(),
})

by(ann)
await step('insert', async () => {
  const made = await todos.insert({
    title: 'Alpha', priority: 'high', due: new Date(2030, 0, 2), remindAt: new Date('2029-12-31T23:30:00.250Z'), estimate: 1.5,
  })
  return { ...shown(made), hasId: made.id.length == 36, recent: Math.abs(Date.now() - +made.createdAt!) < 60_000 }
})
await step('insert several', async () =>
  titles(await todos.insert([
    { title: 'Gamma', estimate: 3 },
    { title: 'Beta 100%', completed: true, priority: 'low' },
    { title: 'delta', due: new Date(2031, 5, 30) },
    { title: 'Épsilon', completed: true, estimate: 0 },
  ])))
await step('insert several, one of them wrong', async () => titles(await todos.insert([{ title: 'Zeta' }, { title: 'no' }])))
await step('insert without an answer', async () => {
  await todos.insert({ title: 'Unanswered' }, { select: 'none' })
  return todos.count({ title: 'Unanswered' })
})

await step('find', async () => titles(await todos.find()))
const where: Record<string, Parameters<typeof todos.find>[0]> = {
  'equal': { where: { completed: true } },
  'not equal': { where: { title: { $ne: 'Alpha' } } },
  'not one of': { where: { title: { $ne: ['Alpha', 'Gamma', 'delta'] } } },
  'one of': { where: { title: { $in: ['Alpha', 'Gamma', 'nothing'] } } },
  'one of none': { where: { title: { $in: [] } } },
  'one of many': { where: { title: { $in: [...Array(20).keys()].map((n) => `x${n}`).concat('Alpha') } } },
  'greater': { where: { estimate: { $gt: 0, $lte: 1.5 } } },
  'between days': { where: { due: { $gte: new Date(2030, 0, 2), $lt: new Date(2031, 0, 1) } } },
  'on a day': { where: { due: new Date(2031, 5, 30) } },
  'at a time': { where: { remindAt: new Date('2029-12-31T23:30:00.250Z') } },
  'contains': { where: { title: { $contains: 'A' }, completed: false } },
  'contains a percent sign': { where: { title: { $contains: '%' } } },
  'does not contain': { where: { title: { $notContains: 'a' } } },
  'starts and ends': { where: { $or: [{ title: { $startsWith: 'al' } }, { title: { $endsWith: 'MA' } }] } },
  'or and and': { where: { completed: false, $or: [{ title: 'Alpha' }, { title: 'Beta 100%' }] } },
  'two ors': { where: { $and: [{ $or: [{ title: 'Alpha' }, { title: 'Gamma' }] }, { $or: [{ title: 'Gamma' }, { title: 'delta' }] }] } },
  'not': { where: { $not: { completed: true } } },
  'null': { where: { due: null! } },
  'not null': { where: { due: { $ne: null } } },
  'null or one': { where: { estimate: { $in: [null, 3] } as any } },
  'an enum': { where: { priority: ['low', 'high'] } },
  'quotes': { where: { title: `'"; DROP TABLE todos; --` } },
  'custom': { where: Todo.titled('Alpha') },
  'custom, with a list': { where: Todo.titledOneOf(['Alpha', 'Gamma']) },
  'custom, with an object': { where: Todo.estimated({ from: 1.5, to: 3 }) },
  'custom, without arguments': { where: Todo.own() },
  'custom, several': { where: { $and: [Todo.titledOneOf(['Alpha', 'Gamma']), Todo.titledOneOf(['Gamma', 'delta']), Todo.own()] } },
  'custom, or and not': { where: { $or: [Todo.titled('Alpha'), { title: 'delta' }], $not: Todo.estimated({ from: 2 }) } },
  'sorted down': { orderBy: { title: 'desc' } },
  'sorted twice': { orderBy: { completed: 'desc', title: 'asc' } },
  'first page': { limit: 2 },
  'second page': { limit: 2, page: 2 },
  'third page, sorted': { limit: 2, page: 3, orderBy: { title: 'desc' } },
  'a page of a filter': { where: { completed: false }, limit: 2, page: 2 },
}
for (const [name, options] of Object.entries(where)) {
  await step(`find: ${name}`, async () => titles(await todos.find(options)))
  await step(`count: ${name}`, async () => todos.count(options!.where))
}
await step('find: some fields', async () => {
  const [first] = await todos.find({ where: { title: 'Alpha' }, select: { title: true } } as any)
  return first.title
})
await step('count', async () => todos.count())
await step('first', async () => (await todos.findFirst({ completed: true }))?.title)
await step('first of none', async () => todos.findFirst({ title: 'nothing' }))
await step('one', async () => (await todos.findOne({ where: { completed: false }, orderBy: { title: 'desc' } }))?.title)
const alpha = (await todos.findFirst({ title: 'Alpha' }))!
await step('by id', async () => shown((await todos.findId(alpha.id))!))
await step('by an id that is not there', async () => todos.findId('00000000-0000-0000-0000-000000000009'))
await step('pages of a query', async () => {
  const query = todos.query({ pageSize: 2, where: { completed: false } })
  const all = []
  for await (const todo of query) all.push(todo.title)
  return { count: await query.count(), second: titles(await query.getPage(2)), all }
})

await step('aggregate', async () => todos.aggregate({
  sum: ['estimate'], avg: ['estimate'], min: ['title', 'priority'], max: ['estimate'], distinctCount: ['priority', 'due'],
}))
await step('aggregate: a filter', async () => todos.aggregate({ where: { $or: [{ title: 'Gamma' }, { title: 'Alpha' }] }, sum: ['estimate'] }))
await step('aggregate: no rows', async () => todos.aggregate({ where: { title: 'nothing' }, sum: ['estimate'], max: ['title'] }))
await step('aggregate: days', async () => {
  const { due } = await todos.aggregate({ min: ['due'], max: ['due'] })
  return [day(due.min), day(due.max)]
})
await step('groupBy: nothing', async () => todos.groupBy({}))
await step('groupBy', async () => todos.groupBy({ group: ['completed'], sum: ['estimate'], where: { title: { $ne: 'Unanswered' } } }))
await step('groupBy: two fields', async () => todos.groupBy({ group: ['completed', 'priority'], max: ['title'] }))
await step('groupBy: sorted', async () =>
  (await todos.groupBy({
    group: ['priority'], sum: ['estimate'], orderBy: { $count: 'desc', estimate: { sum: 'desc' }, priority: 'asc' },
  } as any)).map((row: any) => row.priority))
await step('groupBy: sorted by a field', async () =>
  (await todos.groupBy({ group: ['priority'], orderBy: { priority: 'desc' } })).map((row) => row.priority))
await step('groupBy: sorted by a sum', async () =>
  (await todos.groupBy({ group: ['title'], sum: ['estimate'], where: { estimate: { $ne: null } }, orderBy: { estimate: { sum: 'desc' } } })).map((row) => row.title))
await step('groupBy: pages', async () => {
  const page = async (page: number) => (await todos.groupBy({ group: ['title'], limit: 4, page })).map((row) => row.title)
  return [await page(1), await page(2)]
})
await step('groupBy: days', async () =>
  (await todos.groupBy({ group: ['due'], where: { due: { $ne: null } } })).map((row) => day(row.due)))
await step('query with aggregates', async () => {
  const query = todos.query({ pageSize: 2, where: { completed: false }, orderBy: { title: 'asc' }, aggregate: { sum: ['estimate'], max: ['title'] } })
  const first = await query.paginator()
  const second = await first.nextPage()
  return { first: titles(first.items), aggregates: first.aggregates, second: titles(second.items), count: await query.count() }
})
await step('query with aggregates: a filter in the body', async () => {
  const query = todos.query({ where: { $or: [{ title: 'Gamma' }, { title: 'Alpha' }] }, aggregate: { avg: ['estimate'] } })
  return (await query.paginator()).aggregates
})
await step('aggregate: an unknown field', async () => repo(Loose).aggregate({ sum: ['unicorn' as any] }))

await step('update', async () => shown(await todos.update(alpha.id, { title: 'Alpha!', due: null })))
await step('update what may not be written', async () => shown(await todos.update(alpha.id, { estimate: 2, rank: 99, createdAt: new Date(0) })))
await step('save', async () => {
  const todo = (await todos.findId(alpha.id))!
  Object.assign(todo, { title: 'Alpha', priority: 'low', rank: 99, createdAt: new Date(0), estimate: null })
  const saved = await todos.save(todo)
  return { ...shown(saved), same: saved === todo, recent: +saved.createdAt! > Date.now() - 60_000 }
})
await step('save a new one', async () => {
  const todo = todos.create({ title: 'Created' })
  const wasNew = getEntityRef(todo).isNew()
  await getEntityRef(todo).save()
  return { wasNew, ...shown(todo) }
})
await step('save a stale one', async () => {
  const [one, other] = [(await todos.findId(alpha.id))!, (await todos.findId(alpha.id))!]
  await todos.save(Object.assign(one, { completed: true }))
  await todos.update(other.id, { title: 'Stale', version: other.version })
})
await step('save with a version that holds', async () => {
  const { version } = (await todos.findId(alpha.id))!
  return shown(await todos.update(alpha.id, { completed: false, version }))
})
await step('delete', async () => {
  await todos.delete((await todos.findFirst({ title: 'Created' }))!)
  await todos.delete((await todos.findFirst({ title: 'Unanswered' }))!.id)
  return todos.count()
})
await step('delete what is not there', async () => todos.delete('00000000-0000-0000-0000-000000000009'))
await step('update what is not there', async () => todos.update('00000000-0000-0000-0000-000000000009', { title: 'Nothing' }))

await step('wrong', async () => todos.insert({ title: 'no' }))
await step('wrong, at its field', async () => {
  const todo = (await todos.findId(alpha.id))!
  todo.title = 'no'
  const message = await todos.save(todo).then(() => 'saved', (error) => error.message)
  return { message, error: getEntityRef(todo).fields.title.error, typed: todo.title, wasChanged: getEntityRef(todo).wasChanged() }
})
await step('refused by a hook', async () => todos.insert({ title: 'refused' }))
await step('of the wrong type', async () => repo(Loose).insert({ title: 'Fine', priority: 'urgent' }))
await step('an unknown field', async () => repo(Loose).insert({ title: 'Fine', unicorn: 'x' }))
await step('a filter by an unknown field', async () => repo(Loose).find({ where: { unicorn: 'x' } }))
await step('an unknown entity', async () => repo(Unicorn).find())

await step('method', async () => {
  const todo = (await todos.findId(alpha.id))!
  todo.title = 'Unsaved title'
  const result = await todo.toggleCompleted()
  return { result, ...shown(todo), stored: (await todos.findId(alpha.id))!.title }
})
await step('method that leaves it unsaved', async () => {
  const todo = (await todos.findId(alpha.id))!
  const result = await todo.rename('Renamed')
  return { result: result ?? null, ...shown(todo), stored: (await todos.findId(alpha.id))!.title }
})
await step('method with two arguments', async () => {
  const todo = (await todos.findId(alpha.id))!
  await todo.rename('Renamed', ' twice')
  return todo.title
})
await step('method of a new one', async () => {
  const todo = todos.create({ title: 'New with a method', owner: 'ann' })
  const result = await todo.toggleCompleted()
  return { result, ...shown(todo), stored: (await todos.findId(todo.id))?.completed }
})
await step('method of a wrong one', async () => {
  const todo = (await todos.findId(alpha.id))!
  todo.title = 'no'
  const message = await todo.toggleCompleted().then(() => 'called', (error) => error.message)
  return { message, error: getEntityRef(todo).fields.title.error }
})
await step('static method', async () => Todo.add(1, 2))
await step('static method without an argument', async () => Todo.add(1))
await step('static method that is not allowed', async () => Todo.completeAll())
await step('static method with a wrong argument', async () => Todo.add('one' as any))

by(bob)
await step("another's: update", async () => todos.update(alpha.id, { title: 'Mine now' }))
await step("another's: update with its owner", async () => todos.update(alpha.id, { title: 'Mine now', owner: 'bob' }))
await step("another's: delete", async () => todos.delete(alpha.id))
await step("another's: method", async () => (await todos.findId(alpha.id))!.toggleCompleted())
by()
await step('nobody: find', async () => (await todos.find()).length)
await step('nobody: insert', async () => todos.insert({ title: 'By nobody' }))
await step('nobody: method', async () => (await todos.findId(alpha.id))!.toggleCompleted())
await step('nobody: static method', async () => Todo.completeAll())
by(admin)
await step('admin: static method', async () => Todo.completeAll())
by(ann, { origin: 'https://evil.test' })
await step('foreign page: insert', async () => todos.insert({ title: 'Forged' }))
await step('foreign page: static method', async () => Todo.add(1))
await step('foreign page: find', async () => (await todos.find()).length)

by(ann)
const bulk = { title: { $startsWith: 'Bulk' } }
const shortly = (list: Todo[]) => list.map((todo) => [todo.title, todo.completed, todo.estimate, todo.version])
await step('many: insert', async () => shortly(await todos.insert([1, 2, 3].map((n) => ({ title: `Bulk ${n}`, estimate: n })))))
await step('many: update', async () => todos.updateMany({ where: { ...bulk, estimate: { $gte: 2 } }, set: { completed: true, rank: 99 } }))
await step('many: update by a filter that is no address', async () =>
  todos.updateMany({ where: { $or: [{ title: 'Bulk 1' }, { title: 'Bulk 2' }] }, set: { priority: 'high', estimate: null } }))
await step('many: updated', async () => shortly(await todos.find({ where: bulk })))
await step('many: update with a wrong value', async () => todos.updateMany({ where: bulk, set: { title: 'no' } }))
await step('many: update, refused by a hook', async () => todos.updateMany({ where: bulk, set: { title: 'refused' } }))
await step('many: update of none', async () => todos.updateMany({ where: { title: 'nothing' }, set: { completed: true } }))
await step('many: upsert', async () =>
  shortly(await todos.upsert([
    { where: { title: 'Bulk 3' }, set: { estimate: 7 } },
    { where: { title: 'Bulk 4' }, set: { estimate: 4, completed: true } },
    { where: { title: 'Bulk 1' } },
  ])))
await step('many: upsert one', async () => shortly([await todos.upsert({ where: { title: 'Bulk 5' }, set: { estimate: 5 } })]))
await step('many: upsert, one of them wrong', async () =>
  shortly(await todos.upsert([{ where: { title: 'Bulk 6' } }, { where: { title: 'Bulk 1' }, set: { title: 'no' } }])))
by(bob)
await step("many, another's: update", async () => todos.updateMany({ where: bulk, set: { completed: true } }))
await step("many, another's: delete all", async () => todos.deleteMany({ where: 'all' }))
await step("many, another's: upsert", async () => todos.upsert({ where: { title: 'Bulk 1' }, set: { estimate: 9 } }))
by()
await step('many, nobody: delete', async () => todos.deleteMany({ where: bulk }))
by(ann)
await step('many: delete', async () => todos.deleteMany({ where: { title: 'Bulk 5' } }))
await step('many: delete by a filter that is no address', async () => todos.deleteMany({ where: { $and: [bulk, { $not: { title: 'Bulk 4' } }] } }))
await step('many: deleted', async () => titles(await todos.find({ where: bulk })))
await step('many: update all', async () => (await todos.updateMany({ where: 'all', set: { completed: true } })) == (await todos.count({ completed: true })))
await step('many: delete all', async () => [(await todos.deleteMany({ where: 'all' })) > 0, await todos.count()])
await step('many: insert two hundred', async () =>
  (await todos.insert([...Array(200).keys()].map((n) => ({ title: `Many ${n}` })))).every((todo, n) => todo.title == `Many ${n}`))
