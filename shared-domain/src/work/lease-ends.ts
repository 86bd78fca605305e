/** Every fact that ends a lease, each with what it leads to; who means more by one of them says so behind these. */
export const leaseEnds = <React>(react: React) => ({
  TaskCompleted: react,
  TaskFailed: react,
  LeaseExpired: react,
  TaskReleased: react,
  TaskHandedOff: react,
  TaskReturned: react,
  TaskBlocked: react,
  TaskEscalated: react,
  TaskCancelled: react,
})
