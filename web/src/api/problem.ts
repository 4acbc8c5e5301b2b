/** What the server says of a request that it did not carry out, as RFC 9457 has it. */
export class Problem extends Error {
  readonly status: number;
  /** The stable name of the kind, as "key-not-found"; empty if the answer was no problem. */
  readonly kind: string;
  readonly title: string;

  constructor(status: number, kind: string, title: string, detail: string) {
    super(detail || title);
    this.name = "Problem";
    this.status = status;
    this.kind = kind;
    this.title = title;
  }

  static async of(response: Response): Promise<Problem> {
    const text = await response.text();
    try {
      const body = JSON.parse(text) as { type?: string; title?: string; detail?: string };
      const kind = body.type?.split("#")[1] ?? "";
      return new Problem(response.status, kind, body.title ?? "", body.detail ?? "");
    } catch {
      return new Problem(response.status, "", response.statusText, text.slice(0, 200));
    }
  }
}

/** The server did not answer at all. */
export class ConnectionLost extends Error {
  constructor(cause: unknown) {
    super("the server cannot be reached", { cause });
    this.name = "ConnectionLost";
  }
}

/** What to tell a person of an error. */
export function explain(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
