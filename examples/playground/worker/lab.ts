/** The playground's worker: everything that computes, called from the page through Comlink. */
import { expose } from "comlink";
import { attentionOf, planesOf, wordInSentences } from "./inside.js";
import { changeShares, corrupted } from "./labels.js";
import { dropRun, keptRun, pause, pretrain, resume } from "./pretraining.js";
import { probeLayers } from "./probes.js";
import { learnTokenizer, openTokenizer, tokenize } from "./tokens.js";
import { nextTokens } from "./writing.js";

const lab = {
  ...{ attentionOf, planesOf, probeLayers, wordInSentences },
  ...{ changeShares, corrupted },
  ...{ dropRun, keptRun, pause, pretrain, resume },
  ...{ learnTokenizer, openTokenizer, tokenize },
  ...{ nextTokens },
};

export type Lab = typeof lab;

expose(lab);
