/** Reports as one HTML file: a finding, facts, curves, comparisons, attention, projections, a model's answers. */
export { cosine } from "../heads/similarity.js";
export { attentionSection } from "./attention.js";
export {
  CurveError,
  type CurveLine,
  type EvaluationLine,
  readCurves,
  type StepLine,
  stepLine,
  type TakenStep,
  writeCurves,
} from "./curve-lines.js";
export { type TrainingCurvesOptions, thinned, trainingCurves } from "./curves.js";
export { runFinding } from "./finding.js";
export { type PlanePoint, planeSection, separationOf } from "./plane.js";
export { principalComponents } from "./projection.js";
export { renderReport } from "./report.js";
export type {
  AnswersSection,
  AttentionSection,
  ComparisonSection,
  Curve,
  CurvePoint,
  CurvesSection,
  Estimate,
  FactsSection,
  FindingSection,
  HeatSection,
  PlaneSection,
  RankedSection,
  Report,
  Section,
  Separation,
  TableSection,
  TextSection,
  TitledSection,
} from "./section.js";
