'use strict'

// A player that uses the npm package: takes commands on stdin and answers on stdout, one line each. The protocol is
// stated in trials/src/lib.rs.
//
//     node player.js PATH

const fs = require('fs')
const readline = require('readline')
const Slocket = require('slocket')

const path = process.argv[2]
const DIGITS = 20

let lock = null // what is held
let hold = null // what the counter said when the hold began
let witness = null
const open = new Set() // locks that have been released and are not done yet
const settled = [] // whom to tell when none is open

const now = () => process.hrtime.bigint()

// One write: the reader must not see half an answer.
const answer = line => fs.writeSync(1, line + '\n')

const commands = {
  acquire: async () => {
    const taken = await acquire()
    if (witness) hold = witness.begin()
    lock = taken
    return lock.type() === 'connection' ? 'held loan' : 'held'
  },
  release: () => {
    if (!lock) throw usage('nothing is held')
    if (witness) witness.end(hold)
    release(lock)
    lock = null
    return 'released'
  },
  'release-at': async (instant, blindly) => {
    instant = BigInt(instant)
    // The event loop runs on, so that clients that come and go are seen; blindly, all but the last millisecond.
    const loop = blindly ? instant - 1000000n : instant
    while (now() < loop) await new Promise(setImmediate)
    while (now() < instant);
    return commands.release()
  },
  witness: (counter, log) => {
    witness = openWitness(counter, log)
    return 'ok'
  },
  rounds: async (rounds, micros, counter, log) => {
    const witness = openWitness(counter, log)
    const resets = { count: 0 }
    for (let round = 0; round < Number(rounds); round++) {
      const taken = await acquireAnyhow(resets)
      const hold = witness.begin()
      const end = now() + BigInt(micros) * 1000n
      // At least once, so that a second holder, if there is one, gets its chance in the gap.
      do await new Promise(setImmediate)
      while (now() < end)
      witness.end(hold)
      release(taken)
    }
    return `done ${rounds} ${resets.count}`
  },
  storm: async (rounds, micros, counter, log) => {
    const witness = openWitness(counter, log)
    const resets = { count: 0 }
    let longest = 0n
    for (let round = 0; round < Number(rounds); round++) {
      const begin = now()
      const taken = await acquireAnyhow(resets)
      const start = now()
      if (start - begin > longest) longest = start - begin
      const hold = witness.begin()
      // Now and then for longer than it takes the others to notice that a process is dead.
      const most = Number(micros) * (Math.random() * 16 < 1 ? 16 : 1)
      const end = start + BigInt(Math.floor(Math.random() * (most + 1))) * 1000n
      do await new Promise(setImmediate)
      while (now() < end)
      witness.end(hold)
      release(taken)
    }
    witness.close()
    return `done ${rounds} 0 0 0 ${resets.count} ${longest}`
  },
  settle: async () => {
    await settle()
    return 'settled'
  }
}

function acquire () {
  return new Promise((resolve, reject) => {
    const slocket = Slocket(path, (error, lock) => (error ? reject(error) : resolve(lock)))
    slocket.catch(() => {}) // the same error a second time
    slocket.on('connectionError', () => {
      // After it has reported the error, the package would throw a TypeError when the same connection closes (it has
      // forgotten the connection by then), and no process survives that.
      if (slocket.connection.slocketConnected) slocket.connection.removeAllListeners('close')
    })
  })
}

// Acquires again if the package gives up because the server was gone before it had accepted. (An npm server that closes
// does that to a client that has just connected.)
async function acquireAnyhow (resets) {
  for (;;) {
    try {
      return await acquire()
    } catch (error) {
      if (error.code !== 'ECONNRESET') throw error
      resets.count++
    }
  }
}

// The package calls a lock released when the client it has lent the lock to is still at work, and when it has only begun
// to remove the path. `open` knows better.
function release (lock) {
  open.add(lock)
  const done = () => {
    open.delete(lock)
    if (open.size === 0) settled.splice(0).forEach(tell => tell())
  }
  if (lock.type() === 'server') {
    lock.once('serverClose', done)
  } else if (lock.connection.slocketConnected) {
    lock.once('connectionClose', done)
  } else {
    whenReplaced(done)
  }
  lock.release()
}

function whenReplaced (done) {
  const look = () => {
    const stat = fs.lstatSync(path, { bigint: true, throwIfNoEntry: false })
    return stat && `${stat.ino} ${stat.birthtimeNs} ${stat.ctimeNs}`
  }
  const before = look()
  const again = () => (before && look() === before ? setImmediate(again) : done())
  again()
}

async function settle () {
  while (open.size > 0) await new Promise(resolve => settled.push(resolve))
}

function openWitness (counter, log) {
  const counterFile = fs.openSync(counter, fs.constants.O_RDWR | fs.constants.O_CREAT, 0o644)
  const logFile = fs.openSync(log, 'a')
  return {
    begin () {
      const start = now()
      fs.writeSync(logFile, `+ ${start}\n`)
      const bytes = Buffer.alloc(DIGITS)
      return BigInt(bytes.toString('latin1', 0, fs.readSync(counterFile, bytes, 0, DIGITS, 0)).trim() || '0')
    },
    end (count) {
      fs.writeSync(counterFile, String(count + 1n).padStart(DIGITS), 0)
      const end = now()
      fs.writeSync(logFile, `- ${end} ${count + 1n}\n`)
    },
    close () {
      fs.closeSync(counterFile)
      fs.closeSync(logFile)
    }
  }
}

function usage (message) {
  return Object.assign(new Error(message), { code: 'Usage' })
}

async function perform (line) {
  const [name, ...words] = line.trim().split(/\s+/)
  try {
    if (!Object.hasOwn(commands, name)) {
      throw Object.assign(new Error(`the npm package has no ${name}`), { code: 'Unsupported' })
    }
    answer(await commands[name](...words))
  } catch (error) {
    answer(`error ${error.code || error.name} ${error.message.replace(/\n/g, ' ')}`)
  }
}

async function main () {
  answer(`ready ${process.pid}`)
  for await (const line of readline.createInterface({ input: process.stdin })) {
    if (line === 'quit') break
    await perform(line)
  }
  if (lock) release(lock)
  await settle()
  process.exit(0)
}

main()
