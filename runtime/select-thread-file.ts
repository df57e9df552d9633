/**
 * The file of the second thread (`select-thread.ts`). The build puts its place here; from sources there is none, as
 * threads run JavaScript only, and one thread does it all.
 */
export const SELECT_THREAD: URL | undefined = undefined;
