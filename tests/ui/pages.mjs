// The tests of test-pages, by what they are about; each opens pages of its own and says ok or not ok (Test Anything Protocol).
import { run } from './stage.mjs';
import './reading.mjs';
import './sharing.mjs';
import './texts.mjs';
import './judging.mjs';
import './living.mjs';
import './speed.mjs';
import './pictures.mjs';

process.exit(await run());
