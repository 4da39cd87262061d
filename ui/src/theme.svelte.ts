/** Dark where pictures are judged; light on request. The choice lasts as long as the page: nothing is kept in the browser. */
class Theme {
  dark = $state(true);

  change(): void {
    this.dark = !this.dark;
    document.documentElement.dataset["theme"] = this.dark ? "dark" : "light";
  }
}

export const theme = new Theme();
