import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";

import { clusterKey } from "../../api/cluster.ts";
import { explain } from "../../api/problem.ts";
import { toast } from "../../components/toasts.ts";

/**
 * A change of the cluster, for a dialog that asks about it: that closes once the change is made,
 * and shows the error if it is not. A change goes on if the dialog was closed before, as a move
 * may take minutes; then the error is a message at the edge of the page.
 */
export function useChange(run: () => Promise<void>, done: string, onClose: () => void) {
  const queries = useQueryClient();
  const open = useRef(false);
  useEffect(() => {
    open.current = true;
    return () => {
      open.current = false;
    };
  }, []);
  return useMutation({
    mutationFn: run,
    onSuccess: () => {
      toast(done);
      if (open.current) onClose();
    },
    onError: (error) => {
      if (!open.current) toast(explain(error), { kind: "error" });
    },
    onSettled: () => queries.invalidateQueries({ queryKey: clusterKey }),
  });
}
