'use strict'

// The npm packages behind one call: acquire(path) gives a function that releases and resolves when that is done.

const path = require('path')
const { createRequire } = require('module')

// Installed for the interoperation tests already.
const interop = createRequire(path.join(__dirname, '../../interop/package.json'))

let resets = 0 // so often npm's slocket gave up, as the server was gone before it had accepted

// npm's server tells that it has given its lock up ("serverClose"), but not that the client is back; a client tells that its
// connection has ended.
function slocketOnce (lockPath) {
  const Slocket = interop('slocket')
  return new Promise((resolve, reject) => {
    const slocket = Slocket(lockPath, (error, lock) => (error ? reject(error) : resolve(lock)))
    slocket.catch(() => {})
    slocket.on('connectionError', () => {
      // It would throw a TypeError when the same connection closes, which it has forgotten by then.
      if (slocket.connection.slocketConnected) slocket.connection.removeAllListeners('close')
    })
  })
}

const locks = {
  'npm-slocket': async lockPath => {
    for (;;) {
      try {
        const lock = await slocketOnce(lockPath)
        return () =>
          new Promise(resolve => {
            if (lock.type() === 'server' && lock.connectionQueue.length === 0) lock.once('serverClose', resolve)
            else resolve()
            lock.release()
          })
      } catch (error) {
        if (error.code !== 'ECONNRESET') throw error
        resets++
      }
    }
  },
  'npm-lockfile': lockPath => {
    const lockfile = require('lockfile')
    return new Promise((resolve, reject) => {
      const options = { retries: Infinity, retryWait: 1 }
      lockfile.lock(lockPath, options, error => {
        if (error) reject(error)
        else resolve(() => new Promise(resolve => lockfile.unlock(lockPath, resolve)))
      })
    })
  },
  'npm-proper-lockfile': lockPath => {
    const proper = require('proper-lockfile')
    return proper.lock(lockPath, {
      realpath: false,
      retries: { forever: true, factor: 1, minTimeout: 1, maxTimeout: 1 }
    })
  }
}

module.exports = { locks, resets: () => resets }
