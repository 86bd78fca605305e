import { z } from 'zod'
import { settingOf } from '../../fleet/organization/settings.ts'
import { isPrivileged, reject, type Context, type Hold } from '../../kernel/decider.ts'
import { send } from '../../kernel/process.ts'
import { DecisionId, DueInstant, TaskId, text } from '../../vocabulary.ts'
import { opening_ms, overfull } from '../../work/task/approvals.ts'
import { task } from '../../work/task/decider.ts'
import { taskState } from '../../work/task/state.ts'
import { approving, sound } from './approving.ts'
import { counting, faults, ruleOf } from './counted-by.ts'
import { barred, faultsOfEffect } from './effect.ts'
import { Effect } from './effect-shapes.ts'
import { frozen, isFrozen, membership, misweighed, selectable } from './electorate.ts'
import { Decision } from './events.ts'
import { about, orchestratorOf, room, untimely, type Facts } from './guards.ts'
import { olderWords } from './older-words.ts'
import { decisionTypes } from './decision-types.ts'
import { decisionState, hasEnded, type DecisionState, type Question } from './state.ts'

const Opening = z.object({
  type: z.enum(decisionTypes).default('decision'),
  title: text(200),
  description: z.string().max(5_000).optional(),
  taskId: TaskId.optional(),
  ...membership,
  ...counting,
  deadline: DueInstant.optional(),
  reminders_s: z.array(z.int().min(1).max(31_622_400)).max(5).default([86_400, 3_600]),
  effect: Effect.optional(),
  reopens: DecisionId.optional(),
  evidence: text(2_000).optional(),
}).superRefine((said, { addIssue }) => {
  const wrong = (path: string, message: string) => addIssue({ code: 'custom', path: [path], message })
  const isUsual = said.effect !== undefined && 'conflict' in said.effect && !said.electorate && !said.select
  if (!isUsual && (said.electorate === undefined) === (said.select === undefined)) wrong('electorate', 'is given, or select instead of it')
  for (const { path, message } of misweighed(said)) wrong(path, message)
  if (said.reopens !== undefined && said.evidence === undefined) wrong('evidence', 'says why the question is asked again')
  for (const { path, message } of [...faults(said), ...faultsOfEffect(said)]) wrong(path, message)
})

type Opening = z.output<typeof Opening>

const ForTask = z.object({ task: TaskId, ...approving }).superRefine(sound)

/** Why the question cannot be about this task, if it cannot: who asks whether a task may start holds it back. */
function misplaced(type: Question['type'], task: TaskId | null, context: Context) {
  if (task === null) return type === 'task_approval' ? reject('TASK_REQUIRED') : undefined
  const known = context.look(taskState, task)
  if (known.status === 'NONE' || known.organization !== context.organization) return reject('TASK_UNKNOWN')
  if (type !== 'task_approval') return undefined
  if (!isPrivileged(context) && context.actsFor !== known.owner) return reject('FORBIDDEN')
  return overfull(known, DecisionId.parse(context.id))
}

/** Why the question cannot be asked again, if it cannot: it must have ended, and nobody else be asking it again. */
function unrepeatable({ reopens, type, taskId }: Opening, { look, organization, id }: Context) {
  if (reopens === undefined) return undefined
  const old: DecisionState = look(decisionState, reopens)
  if (!hasEnded(old) || old.organization !== organization || old.type !== type || old.task !== (taskId ?? null))
    return reject('DECISION_UNKNOWN', { reopens })
  const by = old.reopenedBy
  return by !== null && by !== id && look(decisionState, by).stage === 'pending' ? reject('REOPENED_ALREADY', { by }) : undefined
}

/** The task waits for its approval before that is asked for, or it could start in between. */
const holdingBack = (about: TaskId, decision: DecisionId): Hold => ({
  take: send(task, about, 'requireApproval', { decision }),
  giveBack: (taken) => send(task, about, 'withdrawApproval', { decision, taken }),
  within_ms: opening_ms,
})

/** The question is put, unless it cannot be. */
function put(state: DecisionState, said: Opening, context: Context): Facts {
  if (state.stage !== 'unknown') return reject('ALREADY_EXISTS')
  const { type, title, description = null, deadline, reminders_s, minElectorate } = said
  const taskId = said.taskId ?? null
  if (said.weights === 'given' && !isPrivileged(context)) return reject('FORBIDDEN')
  if (said.weights === 'earned' && !settingOf(context, 'earnedWeights')) return reject('EARNED_WEIGHTS_OFF')
  const refusal = misplaced(type, taskId, context) ?? barred(said.effect, taskId, context)
    ?? unrepeatable(said, context) ?? untimely(deadline, context.at)
  if (refusal) return refusal
  const found = frozen(said, taskId, context)
  if (!isFrozen(found)) return found
  const stranger = said.vetoers.find((id) => !found.electorate.some(({ elector }) => elector === id))
  if (stranger) return reject('VETOER_UNKNOWN', { elector: stranger })
  const known = { deadline: deadline ?? null, ...about({ asker: context.actsFor, task: taskId }, context) }
  const asked = { type, title, deadline: known.deadline, task: known.task }
  return [
    Decision.DecisionOpened({
      type, title, description, ...known, ...found, ...ruleOf(said, found.electorate.length), minElectorate,
      reminders_s: deadline === undefined ? [] : reminders_s, reopens: said.reopens ?? null, evidence: said.evidence ?? null,
      effect: said.effect ?? null, origin: null,
    }),
    ...found.electorate.map(({ elector, kind, weight, proxy }) =>
      Decision.VoteRequested({ elector, orchestrator: orchestratorOf(kind, elector, context), weight, ...asked, proxy })),
  ]
}

export const opening = room({
  open: {
    about: 'Put a question to an electorate; its members, their weights and the rule that decides are fixed from now on.',
    creates: true,
    aliases: olderWords.open,
    measures: ['weight'],
    settings: ['earnedWeights'],
    data: Opening,
    grounds: (_, said) => selectable(said),
    holds: (_, { type, taskId }, { id }) => (type === 'task_approval' && taskId ? holdingBack(taskId, DecisionId.parse(id)) : undefined),
    decide: put,
  },

  openForTask: {
    about: 'Put the question whether a task may start that was asked for with the task; it is called what the task is called.',
    internal: true,
    data: ForTask,
    decide(state, { task, ...said }, context) {
      if (state.stage !== 'unknown') return []
      const about = context.look(taskState, task)
      if (about.status === 'NONE') return reject('TASK_UNKNOWN')
      const { owner, collaborators, details: { title } } = about
      const electorate = said.electorate ?? [...new Set([owner, ...collaborators.keys()])]
      const wish = { ...said, electorate, type: 'task_approval', title: title.slice(0, 200), taskId: task }
      return put(state, Opening.parse(wish), context)
    },
  },
})
