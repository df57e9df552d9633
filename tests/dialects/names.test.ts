import { describe, expect, it } from 'vitest';
import { NamePool } from '../../dialects/emit/names.js';

describe('names of a statement', () => {
  it('each is handed out once, whatever its case', () => {
    const pool = new NamePool(['Orders'], 63);
    const wanted = ['orders', 'ORDERS', 'Views', 'views', 'views', 'Orders'];
    expect(wanted.map((name) => pool.take(name))).toEqual([
      'orders_2',
      'ORDERS_3',
      'Views',
      'views_2',
      'views_3',
      'Orders_4',
    ]);
  });

  it('a number that was asked for by name is passed over', () => {
    const pool = new NamePool([], 63);
    const wanted = ['a', 'a_3', 'a', 'a', 'a_3', 'a_2'];
    expect(wanted.map((name) => pool.take(name))).toEqual(['a', 'a_3', 'a_2', 'a_4', 'a_3_2', 'a_2_2']);
  });
});
