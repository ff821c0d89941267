'use strict'

// What npm slocket's own `pound/t.js` does, with no time under the lock: ten locks, all at once or one after the other.
//
//     node pound.js npm-slocket FOLDER LOCKS parallel|serial
//
// Prints `ready`, waits for the end of stdin, begins; prints `got N at INSTANT` as it exits.

const fs = require('fs')
const interop = require('module').createRequire(require('path').join(__dirname, '../../interop/package.json'))
const slocket = interop('slocket')

const [library, folder, count, how] = process.argv.slice(2)
let got = 0

const libraries = {
  'npm-slocket': (path, then) =>
    slocket(path, (error, lock) => {
      if (error) throw error
      got++
      lock.release()
      then()
    })
}

function serial (i) {
  if (i < Number(count)) libraries[library](`${folder}/${i}`, () => serial(i + 1))
}

process.on('exit', () => fs.writeSync(1, `got ${got} at ${process.hrtime.bigint()}\n`))

fs.writeSync(1, 'ready\n')
process.stdin.resume()
process.stdin.on('end', () => {
  if (how === 'serial') serial(0)
  else for (let i = 0; i < Number(count); i++) libraries[library](`${folder}/${i}`, () => {})
})
