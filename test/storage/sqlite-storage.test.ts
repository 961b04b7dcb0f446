import { SqliteHome } from './sqlite-home.ts';
import { storageSuite } from './storage-suite.ts';

storageSuite('sqlite', SqliteHome.make);
