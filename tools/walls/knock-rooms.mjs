// Lints, for every room, a file that imports every room it must not see, and one it may; prints what the wall said.
// A process of its own because ESLint loads its configuration in ways that Jest's module system does not follow.
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';
import { allowedRooms } from './rooms.mjs';

const eslint = new ESLint({
  // The file is made up, so rules that need its types cannot run; the wall needs none.
  overrideConfig: [{ files: ['**/*.ts'], ...tseslint.configs.disableTypeChecked }],
});
const rooms = Object.keys(allowedRooms).filter((room) => room !== 'testkit');

const refusedBy = async (room, imported) => {
  const code = imported.map((other, i) => `import * as x${i} from '@ledgerline/${other}';`).join('\n');
  const [report] = await eslint.lintText(code, { filePath: `libs/${room}/src/knock.ts` });
  const fatal = report.messages.find((message) => message.fatal);
  if (fatal !== undefined) throw new Error(fatal.message);
  return report.messages
    .filter((message) => message.ruleId === '@nx/enforce-module-boundaries')
    .map((message) => imported[message.line - 1]);
};

const answers = [];
for (const room of rooms) {
  const forbidden = rooms.filter((other) => other !== room && !allowedRooms[room].includes(other));
  answers.push({
    room,
    forbidden,
    refused: await refusedBy(room, forbidden),
    refusedThoughAllowed: await refusedBy(room, allowedRooms[room]),
  });
}
console.log(JSON.stringify(answers));
