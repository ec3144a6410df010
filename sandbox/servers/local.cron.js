// The deployment that runs scheduled jobs: no web server, no mail until now.
module.exports = {
  server: { enabled: false },
  jobs: {
    digest: { at: '06:30', zone: 'Europe/Berlin' },
    cleanUp: { every: 24 * 60 * 60 / 2 }
  }
}
