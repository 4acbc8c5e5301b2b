import { QueryClientProvider } from "@tanstack/react-query";

import { useWhoami } from "../api/whoami.ts";
import { Toaster } from "../components/Toaster.tsx";
import { Layout } from "./Layout.tsx";
import { Login } from "./Login.tsx";
import { queries } from "./queries.ts";
import { useLoginWanted } from "./session.ts";
import { Waiting } from "./Waiting.tsx";

export function App() {
  return (
    <QueryClientProvider client={queries}>
      <Entrance />
      <Toaster />
    </QueryClientProvider>
  );
}

/** Shows the pages to whom the server knows, and else asks who it is. */
function Entrance() {
  const loginWanted = useLoginWanted();
  const whoami = useWhoami();
  if (loginWanted) return <Login />;
  if (whoami.isPending) return <Waiting />;
  if (whoami.isError && !whoami.data)
    return <Waiting error={whoami.error} retry={whoami.refetch} />;
  return <Layout />;
}
