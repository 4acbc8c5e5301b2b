/** How many names are told before the rest is counted. */
const mostNames = 8;

/** "3", "3 and 4", "3, 4 and 5"; of many the first ones, and how many more there are. */
export function listed(names: readonly (number | string)[]): string {
  if (names.length > mostNames)
    return `${names.slice(0, mostNames).join(", ")} and ${names.length - mostNames} more`;
  if (names.length < 2) return names.join("");
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

/** "1 replica", "3 replicas". */
export function counted(count: number, noun: string): string {
  return `${count} ${count === 1 ? noun : `${noun}s`}`;
}

/** "Node 3", "Nodes 3 and 4": what a sentence begins with. */
export function named(noun: string, names: readonly number[]): string {
  return `${noun}${names.length === 1 ? "" : "s"} ${listed(names)}`;
}
