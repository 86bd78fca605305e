import { choosing, type Candidate, type End, type Slice } from 'shared-domain/kernel/choosing.ts'
import type { Asking, Choice } from 'shared-domain/kernel/choice.ts'
import type { Rejection } from 'shared-domain/kernel/decider.ts'
import type { Asked, Grounds } from 'shared-domain/kernel/grounds.ts'
import type { ReadModel, Row } from 'shared-domain/kernel/read-model.ts'

/** How a service finds the rows of the caller's organization. */
export interface Sight {
  rows(model: ReadModel, slices: readonly Slice[]): Promise<readonly Row[]>
  grounds(asked: Asked): Promise<Grounds>
}

/** The candidates of a choice, best first; who takes one in vain says so and gets the next. */
export async function* candidates(choice: Choice, asking: Asking, tries: number, sight: Sight): AsyncGenerator<Candidate, End, Rejection | undefined> {
  const course = choosing(choice, asking, tries)
  let step = course.next()
  while (!step.done) {
    const wanted = step.value
    if ('candidate' in wanted) step = course.next(yield wanted.candidate)
    else step = course.next('grounds' in wanted ? await sight.grounds(wanted.grounds) : await sight.rows(wanted.rows, wanted.slices))
  }
  return step.value
}
