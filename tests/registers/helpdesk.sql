CREATE TABLE accounts (id INTEGER PRIMARY KEY, email TEXT NOT NULL, name TEXT);
CREATE TABLE staff_numbers (account_id INTEGER PRIMARY KEY REFERENCES accounts (id), number TEXT);
CREATE TABLE profiles (account_id INTEGER PRIMARY KEY REFERENCES accounts (id), postcode TEXT, age INTEGER);
CREATE TABLE cards (id INTEGER PRIMARY KEY, account_id INTEGER REFERENCES accounts (id), number TEXT, expires TEXT);
CREATE TABLE payments (id INTEGER PRIMARY KEY, account_id INTEGER REFERENCES accounts (id), amount NUMERIC, name TEXT,
  card_number TEXT, bank_account TEXT, billing_address TEXT, shipping_address TEXT);
CREATE TABLE sessions (id TEXT PRIMARY KEY, account_id INTEGER REFERENCES accounts (id), seen_at TEXT);
CREATE TABLE tickets (id INTEGER PRIMARY KEY, firm TEXT, requester_email TEXT, body TEXT);

INSERT INTO accounts VALUES (1, 'Hanna@example.org', 'Hanna Brinkman'), (2, 'bram@example.org', 'Bram Bos');
INSERT INTO staff_numbers VALUES (1, 'P-0417'), (2, 'P-0999');
INSERT INTO profiles VALUES (1, '1234 AB', 46), (2, '1234 CD', 51);
INSERT INTO cards VALUES (1, 1, '5555000000004417', '2028-05'), (2, 2, '5555000000009999', '2027-01');
INSERT INTO payments VALUES
  (1, 1, 49.50, 'H. Brinkman', '5555000000004417', 'NL00BANK0000004417', 'Sluisweg 3', 'Sluisweg 3'),
  (2, 2, 49.50, 'B. Bos', '5555000000009999', 'NL00BANK0000009999', 'Ringdijk 8', 'Ringdijk 8');
INSERT INTO sessions VALUES ('s1', 1, '2026-11-23 08:50'), ('s2', 2, '2026-11-23 08:51');
INSERT INTO tickets VALUES (1, 'Bakkerij Noord', 'hanna@example.org', 'Mijn brood is koud'),
  (2, 'Bakkerij Noord', 'bram@example.org', 'Mijn brood is warm');
