/** The playground's worker: everything that computes, called from the page through Comlink. */
import { expose } from "comlink";
import { runBenchmark } from "./benchmarking.js";
import { finetuneHere, stopFinetuning, tryTuned } from "./finetuning.js";
import { attentionOf, planesOf, wordInSentences } from "./inside.js";
import { changeShares, corrupted } from "./labels.js";
import { learnLanguages, stopLanguages } from "./languages.js";
import { dropRun, keptRun, pause, pretrain, resume } from "./pretraining.js";
import { probeLayers } from "./probes.js";
import { learnTokenizer, openTokenizer, tokenize } from "./tokens.js";
import { nextTokens } from "./writing.js";

const lab = {
  ...{ attentionOf, planesOf, probeLayers, wordInSentences },
  ...{ changeShares, corrupted },
  ...{ dropRun, keptRun, pause, pretrain, resume },
  ...{ learnTokenizer, openTokenizer, tokenize },
  ...{ finetuneHere, stopFinetuning, tryTuned },
  ...{ learnLanguages, stopLanguages },
  ...{ nextTokens, runBenchmark },
};

export type Lab = typeof lab;

expose(lab);
