/** Print what to look at in a lesson's output, in lines of at most 100 characters. */
export function lookAt(text: string): void {
  let line = "Look at:";
  for (const word of text.split(" ")) {
    if (line.length + word.length + 1 > 100) {
      console.log(line);
      line = word;
    } else line += ` ${word}`;
  }
  console.log(line);
}
