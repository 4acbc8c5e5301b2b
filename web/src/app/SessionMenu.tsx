import { useWhoami } from "../api/whoami.ts";
import { IconButton } from "../components/Button.tsx";
import { logOut, useLoggedIn } from "./session.ts";

/** Who is logged in, and the way out; nothing on a server that asks nobody. */
export function SessionMenu() {
  const whoami = useWhoami().data;
  const loggedIn = useLoggedIn();
  if (!whoami?.authentication_needed && !loggedIn) return null;
  return (
    <div className="flex min-w-0 items-center gap-1">
      <span className="max-w-24 truncate text-muted" title={whoami?.user}>
        {whoami?.user}
      </span>
      <IconButton icon="leave" label="Log out" onClick={logOut} />
    </div>
  );
}
