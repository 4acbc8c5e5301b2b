/** Something that a person should know of, in words. */
export interface Warning {
  id: string;
  level: "info" | "warning" | "critical";
  text: string;
  since: string;
}
