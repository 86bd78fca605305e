import { approvals } from './council/approvals.ts'
import { deadlines } from './council/deadlines.ts'
import { decision } from './council/decision/decider.ts'
import { argumentsGiven } from './council/decision/arguments.ts'
import { decisions } from './council/decision/decisions.ts'
import { participation } from './council/decision/participation.ts'
import { votes } from './council/decision/votes.ts'
import { waitingVotes } from './council/decision/waiting-votes.ts'
import { dossier } from './council/dossier/making.ts'
import { effects } from './council/effects.ts'
import { judging } from './council/judging.ts'
import { agreement } from './council/questions/agreement.ts'
import { councilOverview } from './council/questions/overview.ts'
import { decisionStanding } from './council/questions/standing.ts'
import { reopening } from './council/reopening.ts'
import { votingRecord } from './council/voting-record/decider.ts'
import { votingRecords } from './council/voting-record/voting-records.ts'
import { patternSelection } from './ensemble/selection/questions.ts'
import { selection } from './ensemble/selection/decider.ts'
import { selections } from './ensemble/selection/selections.ts'
import { messageDeadlines } from './ensemble/message-deadlines.ts'
import { sessionMessage } from './ensemble/message/decider.ts'
import { messageReceipts } from './ensemble/message/message-receipts.ts'
import { sessionReplay } from './ensemble/message/questions.ts'
import { sessionMessages } from './ensemble/message/session-messages.ts'
import { ensemble } from './ensemble/session/decider.ts'
import { relationships } from './ensemble/session/questions.ts'
import { sessionMembers } from './ensemble/session/session-members.ts'
import { sessions } from './ensemble/session/sessions.ts'
import { sessionSlots } from './ensemble/session-slots.ts'
import { agentPeers } from './fleet/agent/agent-peers.ts'
import { agentVersions } from './fleet/agent/agent-versions.ts'
import { agents } from './fleet/agent/agents.ts'
import { agent } from './fleet/agent/decider.ts'
import { agentTasks } from './fleet/agent/questions.ts'
import { agentSlots } from './fleet/agent-slots.ts'
import { actionApprovals } from './fleet/approval/approvals.ts'
import { actionApproval } from './fleet/approval/decider.ts'
import { budgets } from './fleet/budget/budgets.ts'
import { budget } from './fleet/budget/decider.ts'
import { orchestratorBudget, organizationBudget } from './fleet/budget/questions.ts'
import { capacities } from './fleet/capacity/capacities.ts'
import { capacitySlots } from './fleet/capacity/capacity-slots.ts'
import { capacity } from './fleet/capacity/decider.ts'
import { slotSweep } from './fleet/capacity/sweeping.ts'
import { charters } from './fleet/charter/charters.ts'
import { charter } from './fleet/charter/decider.ts'
import { drifts } from './fleet/charter/drift-rows.ts'
import { charterDiff, orchestratorCharter } from './fleet/charter/questions.ts'
import { charterGate } from './fleet/charter-gate.ts'
import { circuits } from './fleet/circuits.ts'
import { conversationMessages, conversations } from './fleet/conversation/conversations.ts'
import { conversation } from './fleet/conversation/decider.ts'
import { conversationSlots } from './fleet/conversation-slots.ts'
import { daemon } from './fleet/daemon/decider.ts'
import { daemons } from './fleet/daemon/daemons.ts'
import { daemonEvents, daemonHealth } from './fleet/daemon/questions.ts'
import { daemonWatch, daemonWatching } from './fleet/daemon-watch.ts'
import { draining } from './fleet/draining.ts'
import { emailAddress } from './fleet/email/decider.ts'
import { emails } from './fleet/emails.ts'
import { exhaustion } from './fleet/exhaustion.ts'
import { expiries } from './fleet/expiries.ts'
import { guardians } from './fleet/guardians.ts'
import { idleConversations } from './fleet/idle-conversations.ts'
import { apiKey } from './fleet/key/decider.ts'
import { keys } from './fleet/key/keys.ts'
import { budgetDays } from './fleet/ledger/days.ts'
import { ledger } from './fleet/ledger/decider.ts'
import { ledgers } from './fleet/ledgers.ts'
import { organization } from './fleet/organization/decider.ts'
import { organizations } from './fleet/organization/organizations.ts'
import { organizationSettings } from './fleet/organization/state.ts'
import { orchestrator } from './fleet/orchestrator/decider.ts'
import { orchestrators } from './fleet/orchestrator/orchestrators.ts'
import { orchestratorActions, orchestratorStatus } from './fleet/orchestrator/questions.ts'
import { proxies } from './fleet/orchestrator/proxies.ts'
import { statusPost } from './fleet/post/decider.ts'
import { posts } from './fleet/post/posts.ts'
import { rotation } from './fleet/rotation.ts'
import { sessionBudgets } from './fleet/session-budgets.ts'
import { sessionEnds } from './fleet/session-ends.ts'
import { slots } from './fleet/slots.ts'
import { supervisors } from './fleet/supervisors.ts'
import { charterViolation } from './fleet/violation/decider.ts'
import { workSession } from './fleet/work-session/decider.ts'
import { sessionOutput } from './fleet/work-session/questions.ts'
import { workSessions } from './fleet/work-session/work-sessions.ts'
import type { Choice } from './kernel/choice.ts'
import type { Decider } from './kernel/decider.ts'
import type { Gate } from './kernel/gate.ts'
import type { NotaryStand } from './kernel/notary.ts'
import type { Outlet } from './kernel/outlet.ts'
import type { Process } from './kernel/process.ts'
import type { Proof } from './kernel/proof.ts'
import type { Push, Topics } from './kernel/push.ts'
import type { Question } from './kernel/question.ts'
import type { ReadModel } from './kernel/read-model.ts'
import type { StreamQuestion } from './kernel/stream-question.ts'
import type { SettingsStand } from './kernel/settings.ts'
import { notary as notaryStand, notaryKeys } from './operations/notary/decider.ts'
import type { Sweep } from './kernel/sweep.ts'
import { webhook } from './live/webhook/decider.ts'
import { webhookOutlet } from './live/webhook/outlet.ts'
import { webhookDeliveries, webhookHealth } from './live/webhook/questions.ts'
import { webhooks } from './live/webhook/webhooks.ts'
import { pushes as livePushes, topics as liveTopics } from './live/pushes.ts'
import { orchestratorDashboard } from './overview/orchestrator-dashboard.ts'
import { orchestratorMetrics } from './overview/orchestrator-metrics.ts'
import type { Watch } from './kernel/watch.ts'
import { timeline } from './overview/timeline.ts'
import { availability } from './rhythm/agenda/availability.ts'
import { agenda } from './rhythm/agenda/decider.ts'
import { reservations } from './rhythm/agenda/reservations.ts'
import { batches } from './rhythm/batch/batches.ts'
import { batch } from './rhythm/batch/decider.ts'
import { batchItems } from './rhythm/batch-run/batch-items.ts'
import { batchRuns } from './rhythm/batch-run/batch-runs.ts'
import { batchRun } from './rhythm/batch-run/decider.ts'
import { batching } from './rhythm/batching.ts'
import { holidayKeeping } from './rhythm/holiday-keeping.ts'
import { holidays } from './rhythm/holidays/decider.ts'
import { holidayRows } from './rhythm/holidays/holiday-rows.ts'
import { recurrence } from './rhythm/recurrence/decider.ts'
import { occurrences } from './rhythm/recurrence/occurrences.ts'
import { recurrences } from './rhythm/recurrence/recurrences.ts'
import { recurring } from './rhythm/recurring.ts'
import { coverage } from './rhythm/schedule/coverage.ts'
import { schedule } from './rhythm/schedule/decider.ts'
import { openAfter, openHours, openTime, orchestratorHours } from './rhythm/schedule/questions.ts'
import { scheduleOverrides, schedules } from './rhythm/schedule/schedules.ts'
import { scheduleSweep } from './rhythm/schedule/sweeping.ts'
import { timekeeping } from './rhythm/timekeeping.ts'
import { rebalance } from './rhythm/rebalance/decider.ts'
import { rebalances } from './rhythm/rebalance/rebalances.ts'
import { rebalancing } from './rhythm/rebalancing.ts'
import { assignments } from './work/assignments.ts'
import { conflicts } from './work/conflict/conflicts.ts'
import { conflict } from './work/conflict/decider.ts'
import { slaDeadlines } from './work/deadlines.ts'
import { deferrals } from './work/deferrals.ts'
import { dependents } from './work/dependents/decider.ts'
import { detection } from './work/detection.ts'
import { conflictHolding } from './work/holding.ts'
import { leases } from './work/leases.ts'
import { moving } from './work/moving.ts'
import { raising } from './work/raising.ts'
import { context } from './work/questions/context.ts'
import { coordination } from './work/questions/coordination.ts'
import { taskGraph } from './work/questions/graph.ts'
import { orchestratorBacklog } from './work/questions/orchestrator-backlog.ts'
import { poll } from './work/questions/poll.ts'
import { delegationReport, taskMetrics } from './work/questions/report.ts'
import { orchestratorStats, timeEstimates } from './work/questions/statistics.ts'
import { why } from './work/questions/why.ts'
import { attempts } from './work/task/attempts.ts'
import { backlogSummary } from './work/task/backlog-summary.ts'
import { backlog } from './work/task/backlog.ts'
import { choiceRows } from './work/task/choices.ts'
import { task } from './work/task/decider.ts'
import { collaborations } from './work/task/collaborations.ts'
import { delegationPairs, delegationPairsDaily } from './work/task/delegation-pairs.ts'
import { delegations } from './work/task/delegations.ts'
import { escalations } from './work/task/escalations.ts'
import { lapses } from './work/task/lapses.ts'
import { performance } from './work/task/performance.ts'
import { queueNext } from './work/task/queue.ts'
import { notes, ratings, timeRecords } from './work/task/record-rows.ts'
import { results } from './work/task/results.ts'
import { nextTask } from './work/task/selection.ts'
import { waits } from './work/task/waits.ts'
import { unblocking } from './work/unblocking.ts'

export const deciders: readonly Decider[] = [
  task,
  dependents,
  conflict,
  organization,
  orchestrator,
  emailAddress,
  statusPost,
  conversation,
  capacity,
  rebalance,
  apiKey,
  agent,
  daemon,
  workSession,
  budget,
  ledger,
  charter,
  charterViolation,
  actionApproval,
  decision,
  votingRecord,
  recurrence,
  notaryKeys,
  schedule,
  holidays,
  agenda,
  batch,
  batchRun,
  webhook,
  selection,
  ensemble,
  sessionMessage,
]

export const readModels: readonly ReadModel[] = [
  backlog,
  backlogSummary,
  results,
  attempts,
  notes,
  ratings,
  timeRecords,
  delegations,
  delegationPairs,
  delegationPairsDaily,
  collaborations,
  escalations,
  choiceRows,
  lapses,
  performance,
  waits,
  conflicts,
  organizations,
  orchestrators,
  posts,
  conversations,
  conversationMessages,
  capacities,
  capacitySlots,
  rebalances,
  keys,
  agents,
  agentVersions,
  agentPeers,
  daemons,
  workSessions,
  budgets,
  budgetDays,
  charters,
  drifts,
  actionApprovals,
  decisions,
  votes,
  waitingVotes,
  argumentsGiven,
  participation,
  votingRecords,
  proxies,
  recurrences,
  occurrences,
  schedules,
  scheduleOverrides,
  holidayRows,
  reservations,
  batches,
  batchRuns,
  batchItems,
  webhooks,
  selections,
  sessions,
  sessionMembers,
  sessionMessages,
  messageReceipts,
  timeline,
]

export const processes: readonly Process[] = [
  unblocking,
  detection,
  conflictHolding,
  leases,
  moving,
  raising,
  slaDeadlines,
  deferrals,
  assignments,
  slots,
  conversationSlots,
  rebalancing,
  emails,
  rotation,
  agentSlots,
  circuits,
  supervisors,
  daemonWatching,
  draining,
  sessionEnds,
  sessionBudgets,
  ledgers,
  exhaustion,
  idleConversations,
  guardians,
  expiries,
  deadlines,
  approvals,
  effects,
  reopening,
  judging,
  recurring,
  timekeeping,
  holidayKeeping,
  batching,
  sessionSlots,
  messageDeadlines,
]

export const sweeps: readonly Sweep[] = [
  slotSweep,
  scheduleSweep,
]

/** Whose silence becomes a fact. */
export const watches: readonly Watch[] = [
  daemonWatch,
]

export const choices: readonly Choice<any>[] = [
  nextTask,
  queueNext,
]

export const questions: readonly Question[] = [
  context,
  why,
  poll,
  coordination,
  delegationReport,
  taskMetrics,
  taskGraph,
  orchestratorBacklog,
  orchestratorStats,
  timeEstimates,
  orchestratorStatus,
  orchestratorActions,
  orchestratorMetrics,
  orchestratorDashboard,
  orchestratorBudget,
  organizationBudget,
  orchestratorCharter,
  charterDiff,
  agentTasks,
  daemonHealth,
  daemonEvents,
  sessionOutput,
  orchestratorHours,
  openHours,
  openTime,
  openAfter,
  coverage,
  availability,
  webhookDeliveries,
  webhookHealth,
  agreement,
  councilOverview,
  patternSelection,
  relationships,
  sessionReplay,
]

/** What streams say of themselves as they stand. */
export const streamQuestions: readonly StreamQuestion[] = [
  decisionStanding,
]

/** What streams prove about themselves. */
export const proofs: readonly Proof[] = [
  dossier,
]

export const notary: NotaryStand = notaryStand

/** What clients that listen hear of facts, and under which topics. */
export const pushes: readonly Push[] = livePushes

export const topics: Topics = liveTopics

/** What is sent outside. */
export const outlets: readonly Outlet[] = [
  webhookOutlet,
]

export const settings: SettingsStand = organizationSettings

export const gate: Gate = charterGate
