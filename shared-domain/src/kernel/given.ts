/** What was said, without what was left out: what is changed by it stays as it is where nothing was said. */
export const given = <Wish extends object>(wish: Wish): { readonly [Name in keyof Wish]?: Exclude<Wish[Name], undefined> } =>
  Object.fromEntries(Object.entries(wish).filter(([, value]) => value !== undefined)) as never
