import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { ReportFile, type FileContent } from "./ReportFile.tsx";
import "../style.css";

// The benchmark mode has put what it measured here.
const text = document.getElementById("report")!.textContent;
createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <ReportFile content={JSON.parse(text) as FileContent} />
  </StrictMode>,
);
