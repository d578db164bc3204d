// Asks the outside evaluator @cloud-copilot/iam-simulate (AGPL, installed by whoever runs this, no part of
// the repository) the requests of the batch contract, as a black box.
//
//   npm install --prefix SOMEWHERE @cloud-copilot/iam-simulate
//   node benches/scripts/iam_outside.mjs SOMEWHERE < requests.jsonl > outside.jsonl
//
// With `--time` before the folder, only how long `runUnsafeSimulation` takes is told, reading of lines and
// building of its input left out, as one JSON line: {"requests", "seconds", "allowed"}.
//
// One line out for each line in: {"id", "plain", "checked", "ignored"}.
//   plain    answer of `runUnsafeSimulation`: the policies and the context as they are
//   checked  answer of `runSimulation`: after its own checks; `ignored` are context keys it drops because
//            they are not documented for the action
// An answer is allow, explicit_deny or implicit_deny, or {"error"}; `plain` of a request with an
// incomplete context is asked in discovery mode, and `conditional` says whether its allow depends on what is
// not known (only `checked` tells).
//
// The tool leaves it to its caller to state the keys that follow from the request, so that is done here, by
// the pages "AWS global condition context keys" and "IAM policy elements: Variables and tags" of the IAM
// User Guide.

import { createInterface } from 'node:readline'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'

const timed = process.argv[2] === '--time'
const where = process.argv[timed ? 3 : 2]
if (!where) {
  console.error('usage: node iam_outside.mjs [--time] FOLDER_WITH_NODE_MODULES < requests.jsonl > answers.jsonl')
  process.exit(2)
}
const { anonymousPrincipal, runSimulation, runUnsafeSimulation } = createRequire(
  join(resolve(where), 'package.json'),
)('@cloud-copilot/iam-simulate')

const WORDS = { Allowed: 'allow', ExplicitlyDenied: 'explicit_deny', ImplicitlyDenied: 'implicit_deny' }

/** The principal as the tool takes it, its account, and the keys that follow from it. */
function principalOf(text) {
  const keys = {}
  const absent = ['aws:username', 'aws:PrincipalServiceName']
  // Requests without credentials do not have it.
  const unsigned = [...absent, 'aws:PrincipalIsAWSService']
  if (text === 'anonymous') {
    keys['aws:PrincipalType'] = 'Anonymous'
    keys['aws:userid'] = 'anonymous'
    return { principal: anonymousPrincipal, keys, absent: unsigned }
  }
  if (text.startsWith('federated:')) {
    return { principal: text.slice('federated:'.length), keys, absent: unsigned }
  }
  if (!text.startsWith('arn:')) {
    keys['aws:PrincipalIsAWSService'] = 'true'
    keys['aws:PrincipalServiceName'] = text
    return { principal: text, keys, absent: ['aws:username'] }
  }
  const [, partition, , , account, rest] = text.split(/:(.*?):(.*?):(.*?):(.*?):(.*)/s)
  const [kind, ...path] = rest.split('/')
  keys['aws:PrincipalIsAWSService'] = 'false'
  keys['aws:PrincipalAccount'] = account
  keys['aws:PrincipalArn'] = text
  if (kind === 'root') {
    keys['aws:PrincipalType'] = 'Account'
    keys['aws:userid'] = account
  } else if (kind === 'user') {
    keys['aws:PrincipalType'] = 'User'
    keys['aws:username'] = path.at(-1)
    absent.shift()
  } else if (kind === 'federated-user') {
    keys['aws:PrincipalType'] = 'FederatedUser'
    keys['aws:userid'] = `${account}:${path[0]}`
  } else {
    keys['aws:PrincipalType'] = 'AssumedRole'
    if (kind === 'assumed-role') keys['aws:PrincipalArn'] = `arn:${partition}:iam::${account}:role/${path[0]}`
  }
  return { principal: text, account, keys, absent }
}

function simulationOf(line) {
  const { principal, account, keys, absent } = principalOf(line.principal)
  const inArn = /^arn:[^:]*:[^:]*:[^:]*:(\d{12}):/.exec(line.resource)?.[1]
  const accountId = line.resource_account ?? inArn ?? account ?? '111122223333'
  const owner = line.resource_account ?? inArn
  if (owner) {
    keys['aws:ResourceAccount'] = owner
    if (/^s3:/i.test(line.action)) keys['s3:ResourceAccount'] = owner
  }
  const context = {}
  const constraints = []
  const known = (keyName) => constraints.push({ keyName, presenceIsKnown: true, valueIsKnown: true })
  const stated = new Set(Object.keys(line.context ?? {}).map((key) => key.toLowerCase()))
  for (const [key, value] of Object.entries(keys)) {
    if (!stated.has(key.toLowerCase())) context[key] = value
    known(key)
  }
  absent.forEach(known)
  if (!account) {
    known('aws:PrincipalOrgID')
    known('aws:PrincipalOrgPaths')
    known('/^aws:PrincipalTag\\/.*$/')
    known('aws:PrincipalAccount')
    known('aws:PrincipalArn')
  }
  for (const [key, value] of Object.entries(line.context ?? {})) {
    known(key)
    // A key without values is known to be absent.
    if (value === null || (Array.isArray(value) && value.length === 0)) continue
    context[key] = Array.isArray(value) ? value.map(String) : String(value)
  }
  const named = (policies, name) =>
    (policies ?? []).map((policy, index) => ({ name: `${name}-${index}`, policy }))
  const levels = (lists, name) =>
    (lists ?? []).map((list, index) => ({ orgIdentifier: `${name}-${index}`, policies: named(list, name) }))
  const simulation = {
    request: {
      principal,
      action: line.action,
      resource: { resource: line.resource, accountId },
      contextVariables: context,
    },
    identityPolicies: named(line.identity_policies, 'identity'),
    serviceControlPolicies: levels(line.service_control_policies, 'scp'),
    resourceControlPolicies: levels(line.resource_control_policies, 'rcp'),
  }
  if (line.resource_policy) simulation.resourcePolicy = line.resource_policy
  if (line.permission_boundaries) {
    simulation.permissionBoundaryPolicies = named(line.permission_boundaries, 'boundary')
  }
  if (line.endpoint_policies) simulation.vpcEndpointPolicies = named(line.endpoint_policies, 'endpoint')
  if (line.session_policies) {
    // The tool takes one; several count as one with all statements.
    const statements = line.session_policies.flatMap((policy) => policy.Statement)
    simulation.sessionPolicy = { Version: '2012-10-17', Statement: statements }
  }
  const options =
    line.context_complete === false
      ? { simulationMode: 'Discovery', discoveryContextKeyConstraints: constraints }
      : { simulationMode: 'Strict' }
  return [simulation, options]
}

/** Whether an expression of conditions is anything but certain. */
function depends(expression) {
  if (!expression || expression.conditionType === 'always') return false
  if (expression.conditionType !== 'group') return true
  const parts = expression.conditions.map(depends)
  return expression.operator === 'or' ? parts.every(Boolean) : parts.some(Boolean)
}

const lines = createInterface({ input: process.stdin, crlfDelay: Infinity })
let out = []
const times = { requests: 0, seconds: 0, allowed: 0 }
for await (const text of lines) {
  if (!text) continue
  const line = JSON.parse(text)
  const [simulation, options] = simulationOf(line)
  if (timed) {
    const begin = process.hrtime.bigint()
    const answer = runUnsafeSimulation(simulation, options)
    times.seconds += Number(process.hrtime.bigint() - begin) / 1e9
    times.requests += 1
    if (answer === 'Allowed') times.allowed += 1
    continue
  }
  const answer = { id: line.id }
  try {
    answer.plain = WORDS[runUnsafeSimulation(simulation, options)]
  } catch (error) {
    answer.plain = { error: String(error.message).slice(0, 200) }
  }
  try {
    const found = await runSimulation(simulation, options)
    if (found.resultType === 'error') {
      answer.checked = { error: JSON.stringify(found.errors).slice(0, 300) }
    } else {
      answer.checked = WORDS[found.overallResult]
      if (found.resultType === 'single') {
        const ignored = found.result.ignoredContextKeys ?? []
        if (ignored.length > 0) answer.ignored = ignored
        const { analysis } = found.result
        if (line.context_complete === false && answer.checked === 'allow') {
          answer.conditional = depends(analysis?.conditions) || Boolean(analysis?.ignoredRoleSessionName)
        }
      } else {
        // Several requests in one, of which some are allowed: another question than ours.
        answer.checked = { error: 'asked of all resources' }
      }
    }
  } catch (error) {
    answer.checked = { error: String(error.message).slice(0, 200) }
  }
  out.push(JSON.stringify(answer))
  if (out.length >= 1000) {
    process.stdout.write(out.join('\n') + '\n')
    out = []
  }
}
if (out.length > 0) process.stdout.write(out.join('\n') + '\n')
if (timed) process.stdout.write(JSON.stringify(times) + '\n')
