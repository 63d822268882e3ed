/** The builds that this runtime runs, so that a test covers each. */
import { Engine } from "../../sdk/engine/engine.js";
import { type Build, supportsRelaxed } from "../../sdk/engine/source.js";

/** Strict everywhere; relaxed where its arithmetic is right. */
export const builds: readonly Build[] = supportsRelaxed() ? ["strict", "relaxed"] : ["strict"];

/** One engine for each build. */
export const engines: readonly Engine[] = await Promise.all(builds.map((build) => Engine.create({ build })));
