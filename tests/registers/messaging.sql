CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL, name TEXT, user_name TEXT, job_title TEXT, photo BLOB);
CREATE TABLE invoices (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users (id), issued_on DATE, amount NUMERIC);
CREATE TABLE disputes (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users (id), subject TEXT, settled_on DATE);
CREATE TABLE agreements (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users (id), subject TEXT);
CREATE TABLE messages (id INTEGER PRIMARY KEY, sender_id INTEGER REFERENCES users (id), body TEXT);
CREATE TABLE usage (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users (id), device TEXT);
CREATE TABLE invitations (id INTEGER PRIMARY KEY, email TEXT, invited_by TEXT);
CREATE TABLE contact_forms (id INTEGER PRIMARY KEY, email TEXT, question TEXT, settled_on DATE);
CREATE TABLE newsletter (email TEXT PRIMARY KEY, since DATE);

INSERT INTO users VALUES (1, 'Hanna@example.org', 'Hanna Brinkman', 'hanna', 'bakker', x'00ff'),
  (2, 'bram@example.org', 'Bram Bos', 'bram', 'slager', x'0f');
INSERT INTO invoices VALUES (1, 1, '2024-03-05', 12), (2, 1, '2017-03-05', 12), (3, 2, '2017-03-05', 12);
INSERT INTO disputes VALUES (1, 1, 'een dubbele rekening', '2025-02-03'), (2, 2, 'een oude rekening', '2015-02-03');
INSERT INTO agreements VALUES (1, 1, 'jaarabonnement'), (2, 2, 'jaarabonnement');
INSERT INTO messages VALUES (1, 1, 'Tot morgen'), (2, 2, 'Tot straks');
INSERT INTO usage VALUES (1, 1, 'telefoon'), (2, 2, 'laptop');
INSERT INTO invitations VALUES (1, 'hanna@example.org', 'bram'), (2, 'bram@example.org', 'hanna');
INSERT INTO contact_forms VALUES (1, 'hanna@example.org', 'Hoe werkt dit?', '2026-10-01'), (2, 'bram@example.org', 'Help', NULL);
INSERT INTO newsletter VALUES ('hanna@example.org', '2020-01-01'), ('bram@example.org', '2020-01-01');
