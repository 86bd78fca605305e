import t from 'tap'
import { deletedBefore, metadataFrom, noMetadata, parseMetadata, withTruncateBefore } from './stream-metadata.ts'

const from = (text: string) => metadataFrom(Buffer.from(text))

t.test('§4: known keys are read', async (t) => {
  t.strictSame(from('{"$maxCount":5,"$maxAge":60,"$tb":3,"own":1,"$acl":{"$r":["a"],"$w":"b"}}'), { maxCount: 5, maxAge_s: 60, truncateBefore: 3n })
})

t.test('§4: one malformed known key spoils them all', async (t) => {
  const malformed = [
    '{"$maxCount":"5","$tb":1}', '{"$cacheControl":[],"$tb":1}', '{"$maxAge":9223372036854775808,"$tb":1}', '{"$maxAge":1.5,"$tb":1}', '{"$tb":9223372036854776000}',
    '{"$tb":null}', '{"$acl":3,"$tb":1}', '{"$acl":{"$r":[1]}}', '[]', 'x', '3',
  ]
  for (const text of malformed) {
    t.strictSame(from(text), noMetadata, text)
  }
})

t.test('§4: a value that makes no sense is ignored by itself', async (t) => {
  t.strictSame(from('{"$maxCount":0,"$maxAge":-1,"$cacheControl":0,"$tb":2}'), { maxCount: undefined, maxAge_s: undefined, truncateBefore: 2n })
  t.strictSame(from('{"$maxCount":4,"$tb":-2}'), { maxCount: 4, maxAge_s: undefined, truncateBefore: undefined })
})

t.test('§3.4: int64 max is kept exactly, and replaced when the stream comes back', async (t) => {
  const text = `{"$maxCount":7,"own":{"a":[1,"x"]},"$tb":${deletedBefore}}`
  t.equal(from(text).truncateBefore, deletedBefore)
  const object = parseMetadata(Buffer.from(text))!
  t.equal(withTruncateBefore(object, 8).toString(), '{"$maxCount":7,"own":{"a":[1,"x"]},"$tb":8}')
  const large = parseMetadata(Buffer.from('{"own":9007199254740993,"deep":[{"n":-98765432109876543210}],"$tb":1}'))!
  t.equal(withTruncateBefore(large, 2).toString(), '{"own":9007199254740993,"deep":[{"n":-98765432109876543210}],"$tb":2}', 'as is every other integer')
  t.equal(withTruncateBefore({}, 1).toString(), '{"$tb":1}')
})
