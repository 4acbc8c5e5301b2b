import { PageHeader } from "../../components/Page.tsx";

export default function BenchmarkPage() {
  return <PageHeader title="Benchmark" />;
}
