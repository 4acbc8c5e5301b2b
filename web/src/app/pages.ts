import { lazy } from "react";

import type { IconName } from "../components/Icon.tsx";

/** The pages, in the order of the navigation. Each is loaded when it is first shown. */
export const pages = [
  {
    name: "overview",
    title: "Overview",
    icon: "gauge" as IconName,
    Page: lazy(() => import("../pages/overview/OverviewPage.tsx")),
  },
  {
    name: "data",
    title: "Data",
    icon: "rows" as IconName,
    Page: lazy(() => import("../pages/data/DataPage.tsx")),
  },
  {
    name: "console",
    title: "Console",
    icon: "prompt" as IconName,
    Page: lazy(() => import("../pages/console/ConsolePage.tsx")),
  },
  {
    name: "engine",
    title: "Engine",
    icon: "layers" as IconName,
    Page: lazy(() => import("../pages/engine/EnginePage.tsx")),
  },
  {
    name: "cluster",
    title: "Cluster",
    icon: "nodes" as IconName,
    Page: lazy(() => import("../pages/cluster/ClusterPage.tsx")),
  },
  {
    name: "benchmark",
    title: "Benchmark",
    icon: "timer" as IconName,
    Page: lazy(() => import("../pages/benchmark/BenchmarkPage.tsx")),
  },
] as const;

export type PageName = (typeof pages)[number]["name"];
