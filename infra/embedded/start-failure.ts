/** Something that the person who starts Baton can put right: the message is one clear sentence and what to do about it. */
export class StartFailure extends Error {}
