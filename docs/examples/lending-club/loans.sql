-- The extract as it is, every value a text, with the number of its row in the file: the only key there is.
CREATE TABLE loans AS
SELECT row_number() OVER () AS row_in_file, *
FROM read_csv('../shared/data/lending-club/loans.csv.gz', all_varchar = true, header = true, delim = ',', quote = '"', nullstr = '');
