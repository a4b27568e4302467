"""The CX lead's pages, and the report that holds them in one file.

site         which pages there are
board        what pages are made from: the champion, and the store
pages/       one page a file: from a board to blocks
shown        a number with unit, interval, what it rests on and what kind of knowledge it is
blocks       what pages are made of; table: a table and its download
charts/      pictures, from tables to Plotly's figures
numbers      how numbers are written
definitions  what the words mean
render       from blocks to HTML, by templates/
app          the routes; signing_in: who may look; files: scripts and styles, kept by browsers
report       all pages in one file
"""
