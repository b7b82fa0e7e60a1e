import js from '@eslint/js';
import tseslint from 'typescript-eslint';

// the recommended rules know no types, so they must be told what Node has
const nodeGlobals = [
  'AbortController',
  'AbortSignal',
  'Buffer',
  'URL',
  'clearTimeout',
  'console',
  'fetch',
  'performance',
  'process',
  'setTimeout',
];

export default tseslint.config(
  { ignores: ['node_modules/', 'cdktf.out/', '.pgraft/', '.gen/'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      // numbers read well in messages; objects do not, and stay forbidden
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // a construct exists for its effect on the tree
      '@typescript-eslint/no-extraneous-class': 'off',
      'no-new': 'off',
      eqeqeq: 'error',
    },
  },
  {
    files: ['**/*.mjs'],
    // checked with the types that their comments give
    plugins: { '@typescript-eslint': tseslint.plugin },
    languageOptions: {
      globals: Object.fromEntries(nodeGlobals.map((name) => [name, 'readonly'])),
      parser: tseslint.parser,
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      eqeqeq: 'error',
    },
  },
);
