import { explain } from "../api/problem.ts";
import { Button } from "../components/Button.tsx";
import { Logo } from "../components/Logo.tsx";

/** What is seen before the server has said who the user is. */
export function Waiting({ error, retry }: { error?: Error; retry?: () => void }) {
  return (
    <main className="grid min-h-dvh place-items-center p-6">
      <div className="flex max-w-sm flex-col items-center gap-4 text-center" role="status">
        <Logo size={48} />
        <h1 className="sr-only">MantisDB</h1>
        <p className="text-muted">{error ? explain(error) : "Connecting to the server…"}</p>
        {error && <Button onClick={retry}>Try again</Button>}
      </div>
    </main>
  );
}
