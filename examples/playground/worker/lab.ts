/** The playground's worker: everything that computes, called from the page through Comlink. */
import { expose } from "comlink";
import { dropRun, keptRun, pause, pretrain, resume } from "./pretraining.js";

const lab = { dropRun, keptRun, pause, pretrain, resume };

export type Lab = typeof lab;

expose(lab);
