/** How a preview ends that has something to show: no failure, yet not the exit code of "nothing would change". */
export class ChangesFound extends Error {
  constructor() {
    super('identified at least one change, exiting with non-zero exit code');
  }
}
