import { Refused, type Api } from '../api.ts'

/** Whoever takes commands one by one takes many, too. For tests and measurements. */
export const doorTo = (post: Api['post']): Pick<Api, 'post' | 'together'> => ({
  post,
  together: (commands) => Promise.all(commands.map(({ path, body, headers }) =>
    post(path, body, headers).catch((error: unknown) => { if (error instanceof Refused) return error; throw error }))),
})
