import { useState, type FormEvent } from "react";

import { request } from "../api/client.ts";
import { explain } from "../api/problem.ts";
import { whoamiKey, type Whoami } from "../api/whoami.ts";
import { Button } from "../components/Button.tsx";
import { TextField } from "../components/Field.tsx";
import { Logo } from "../components/Logo.tsx";
import { queries } from "./queries.ts";
import { basic, logIn } from "./session.ts";

/** Asks for a user and a password, and tries them before it goes on. */
export function Login() {
  const [user, setUser] = useState("default");
  const [password, setPassword] = useState("");
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);

  async function submit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setError("");
    const header = basic(user, password);
    try {
      const answer = await request("whoami", { headers: { Authorization: header } });
      const whoami = (await answer.json()) as Whoami;
      queries.clear();
      queries.setQueryData(whoamiKey, whoami);
      logIn(header);
    } catch (failure) {
      setError(explain(failure));
      setBusy(false);
    }
  }

  return (
    <main className="grid min-h-dvh place-items-center p-6">
      <form onSubmit={submit} className="card flex w-full max-w-sm flex-col gap-4 p-6">
        <div className="flex items-center gap-3">
          <Logo size={32} />
          <h1 className="text-lg font-semibold">Log in to MantisDB</h1>
        </div>
        <TextField label="User" value={user} onChange={setUser} autoComplete="username" required />
        <TextField
          label="Password"
          type="password"
          value={password}
          onChange={setPassword}
          autoComplete="current-password"
        />
        <p role="alert" className="text-danger empty:hidden">
          {error}
        </p>
        <Button type="submit" variant="primary" busy={busy}>
          Log in
        </Button>
      </form>
    </main>
  );
}
