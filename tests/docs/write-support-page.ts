/** Write docs/support.md:  npm run docs:support */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../helpers/shared.js";
import { supportPage } from "./support-page.js";

writeFileSync(join(root, "docs/support.md"), supportPage());
