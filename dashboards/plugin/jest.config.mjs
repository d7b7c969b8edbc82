export default {
  testEnvironment: 'jsdom',
  roots: ['<rootDir>/tests'],
  testMatch: ['**/*.test.ts', '**/*.test.tsx'],
  transform: { '\\.(mjs|[jt]sx?)$': '<rootDir>/tests/transform.cjs' },
  transformIgnorePatterns: [],
  moduleNameMapper: { '^react-inlinesvg$': '<rootDir>/tests/icon.cjs', '\\.(css|scss|svg)$': '<rootDir>/tests/empty.cjs' },
  setupFilesAfterEnv: ['<rootDir>/tests/setup.ts'],
};
