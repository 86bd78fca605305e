import { z } from 'zod'
import { isPrivileged } from '../../kernel/decider.ts'
import { elapsed_ms, hour_ms } from '../../kernel/time.ts'
import { Metadata, OrchestratorId, text } from '../../vocabulary.ts'
import { actionsFor, bandOf } from './bands.ts'
import { Charter, interventions } from './events.ts'
import { room, ruled } from './guards.ts'

export const drift = room({
  reportDrift: {
    about: 'Say how far the orchestrator has drifted from its charter, 0 to 100. Of reports that lead to the same, one an hour counts.',
    route: 'POST /orchestrators/:id/charter/drift',
    data: z.object({ score: z.number().min(0).max(100), critical: z.boolean().default(false), evidence: Metadata.optional() }),
    decide(state, { score, critical, evidence = null }, context) {
      const may = isPrivileged(context) || context.by.kind === 'tool'
      return ruled('reportDrift', context, () => {
        const { report, inForce } = state
        if (report?.band === bandOf(score, critical) && elapsed_ms(report.at, context.at) < hour_ms) return []
        const orchestrator = OrchestratorId.parse(context.id)
        const actions = actionsFor(score, critical).filter((action) => !inForce.includes(action))
        const all = interventions.filter((one) => inForce.includes(one) || actions.includes(one))
        return [
          Charter.DriftReported({ orchestrator, score, critical, evidence }),
          ...(actions.length > 0 ? [Charter.GuardianInterventionApplied({ orchestrator, score, critical, actions, inForce: all })] : []),
        ]
      }, may)
    },
  },

  clearIntervention: {
    about: 'Lift what is in force against the drift. Nobody is resumed by it.',
    route: 'POST /orchestrators/:id/charter/clear-intervention',
    scope: 'admin',
    data: z.object({ reason: text(500) }),
    decide: ({ inForce }, { reason }, context) => ruled('clearIntervention', context, () => (inForce.length === 0 ? [] : [
      Charter.GuardianInterventionCleared({ orchestrator: OrchestratorId.parse(context.id), actions: [...inForce], reason }),
    ])),
  },
})
