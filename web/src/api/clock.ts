/** What a server's clock says is this coarse, in milliseconds, so less is no difference. */
const coarseness = 2000;

/**
 * What to add to times of the server to have them by the clock here, in milliseconds, by an
 * answer that has just come. What is left of an entry's life must not hang on whose clock is
 * right.
 */
export function clockDifference(response: Response): number {
  const difference = Date.now() - Date.parse(response.headers.get("Date") ?? "");
  return Math.abs(difference) >= coarseness ? difference : 0;
}
