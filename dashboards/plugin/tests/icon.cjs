// Icons are fetched from Grafana's server, which a test does not have.
module.exports = { __esModule: true, default: () => null };
