import t from 'tap'
import { difference } from './fault.ts'

t.test('C-46 where two values differ first', async (t) => {
  for (const [a, b, pointer] of [
    [{ x: 1 }, { x: 1 }, undefined],
    [{ x: { y: 1 } }, { x: { y: 2 } }, '/x/y'],
    [{ x: [1, 2] }, { x: [1] }, '/x/1'],
    [{ 'a/b~c': 1 }, {}, '/a~1b~0c'],
    [{ x: [] }, { x: {} }, '/x'],
    [{ x: { y: null } }, { x: {} }, '/x'],
  ] as const) t.equal(difference('', a, b), pointer, JSON.stringify([a, b]))
})
