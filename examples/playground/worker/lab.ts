/** The playground's worker: everything that computes, called from the page through Comlink. */
import { expose } from "comlink";
import { runBenchmark } from "./benchmarking.js";
import { finetuneHere, stopFinetuning, tryTuned } from "./finetuning.js";
import { zippedFolder } from "./folder-zip.js";
import { attentionOf, hiddenOf, planesOf, wordInSentences } from "./inside.js";
import { changeShares, corrupted } from "./labels.js";
import { learnLanguages, stopLanguages } from "./languages.js";
import { dropRun, pause, pretrain, resume } from "./pretraining.js";
import { probeLayers, stopProbing } from "./probes.js";
import { learnTokenizer, openTokenizer, tokenize } from "./tokens.js";
import { nextTokens } from "./writing.js";

const lab = {
  ...{ attentionOf, hiddenOf, planesOf, probeLayers, stopProbing, wordInSentences },
  ...{ changeShares, corrupted },
  ...{ dropRun, pause, pretrain, resume },
  ...{ learnTokenizer, openTokenizer, tokenize },
  ...{ finetuneHere, stopFinetuning, tryTuned },
  ...{ learnLanguages, stopLanguages },
  ...{ nextTokens, runBenchmark, zippedFolder },
};

export type Lab = typeof lab;

expose(lab);
