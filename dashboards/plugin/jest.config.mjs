export default {
  testTimeout: 120_000, // a busy machine fails no test: the first drawing of an editor loads all of @grafana/ui
  testEnvironment: 'jsdom',
  roots: ['<rootDir>/tests'],
  testMatch: ['**/*.test.ts', '**/*.test.tsx'],
  transform: { '\\.(mjs|[jt]sx?)$': '<rootDir>/tests/transform.cjs' },
  transformIgnorePatterns: [],
  moduleNameMapper: { '^react-inlinesvg$': '<rootDir>/tests/icon.cjs', '\\.(css|scss|svg)$': '<rootDir>/tests/empty.cjs' },
  setupFilesAfterEnv: ['<rootDir>/tests/setup.ts'],
};
